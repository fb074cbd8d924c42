//! The same inputs give the same bytes, wherever, whenever, in whatever order the folder lists its files.

use std::fs;

use crate::support::{Project, rick, root, said, tree};

#[test]
fn two_builds_in_two_folders_are_the_same_to_the_byte() {
    for example in crate::support::examples() {
        let files: Vec<(String, Vec<u8>)> =
            tree(&root().join("examples").join(&example)).into_iter().filter(|(path, _)| !path.starts_with("dist/")).collect();
        let mut builds = Vec::new();
        for (reversed, home, zone, locale) in
            [(false, "/nonexistent", "UTC", "C"), (true, "/tmp", "Pacific/Auckland", "tr_TR.UTF-8")]
        {
            let project = Project::empty();
            let mut files: Vec<&(String, Vec<u8>)> = files.iter().collect();
            if reversed {
                files.reverse();
                // Entries that come and go shuffle what the file system lists.
                for index in 0..50 {
                    project.write(&format!("services/noise{index}.txt"), "");
                }
            }
            for (path, bytes) in files {
                let path = project.path().join(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
                fs::write(path, bytes).expect("it can be written");
            }
            for index in (0..50).filter(|_| reversed) {
                fs::remove_file(project.path().join(format!("services/noise{index}.txt"))).expect("it can be removed");
            }
            let output = rick(project.path()).env("HOME", home).env("TZ", zone).env("LC_ALL", locale).arg("build").output();
            let said = said(output.expect("rick runs"));
            assert_eq!(said.code, 0, "{}", said.err);
            builds.push((project.tree("dist"), project.read("rick.lock")));
        }
        assert!(builds[0] == builds[1], "{example} differs");
    }
}

#[test]
fn nothing_built_names_the_folder_that_it_was_built_in() {
    let project = Project::copy_of("examples/guide");
    project.build();
    let folder = project.path().to_str().expect("UTF-8").to_owned();
    for (path, bytes) in project.tree("dist") {
        assert!(!String::from_utf8_lossy(&bytes).contains(&folder), "{path} names {folder}");
    }
}
