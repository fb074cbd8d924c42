//! What docs/plugins/ says to type is typed, from top to bottom, in an empty folder: a newcomer's walk in each language.
//!
//! A block ```` ```sh ```` is typed. A block after a comment `<!-- file: path -->` is put into that file; after `<!-- prints -->` it is
//! what the block before prints, line by line, where a line `…` stands for any number of lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{cache, root};

/// A block of a page.
#[derive(Debug, PartialEq)]
enum Block {
    Typed(String),
    File(String, String),
    Printed(String),
}

fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut comment, mut open) = (Vec::new(), String::new(), None::<(String, String)>);
    for line in page.lines() {
        match &mut open {
            Some((language, text)) if line.trim() == "```" => {
                let text = std::mem::take(text);
                let file = comment.strip_prefix("file:").map(|path| path.trim().to_owned());
                match (language.as_str(), file) {
                    (_, Some(path)) => blocks.push(Block::File(path, text)),
                    ("sh", None) => blocks.push(Block::Typed(text)),
                    _ if comment == "prints" => blocks.push(Block::Printed(text)),
                    _ => {}
                }
                comment.clear();
                open = None;
            }
            Some((_, text)) => {
                text.push_str(line);
                text.push('\n');
            }
            None if line.starts_with("```") => open = Some((line.trim_start_matches('`').trim().to_owned(), String::new())),
            None => match line.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")) {
                Some(said) => comment = said.trim().to_owned(),
                None if !line.trim().is_empty() => comment.clear(),
                None => {}
            },
        }
    }
    blocks
}

/// All blocks as one script, so that a `cd` holds for what comes after it; a line of its own goes before what each prints.
fn script(blocks: &[Block]) -> String {
    let mut script = String::from("set -euo pipefail\n");
    for (index, block) in blocks.iter().enumerate() {
        match block {
            Block::Typed(text) => {
                let _ = writeln!(script, "echo '#~ block {index}'\n{text}");
            }
            Block::File(path, text) => {
                let _ = writeln!(script, "mkdir -p \"$(dirname '{path}')\"\ncat > '{path}' <<'END OF FILE'\n{text}END OF FILE");
            }
            Block::Printed(_) => {}
        }
    }
    script
}

/// Whether lines are as expected, where `…` stands for any number of them.
fn matches(expected: &[&str], found: &[&str]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((&"…", rest)) => (0..=found.len()).any(|skipped| matches(rest, &found[skipped..])),
        Some((line, rest)) => found.first() == Some(line) && matches(rest, &found[1..]),
    }
}

fn walk(page: &str) {
    let text = fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let blocks = blocks(&text);
    assert!(blocks.iter().filter(|block| matches!(block, Block::Typed(_))).count() > 3, "{page} has little to type");
    let folder = tempfile::tempdir().expect("a folder");
    let bin = Path::new(env!("CARGO_BIN_EXE_rick")).parent().expect("a folder").to_owned();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&std::env::var_os("PATH").expect("PATH"))));
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(script(&blocks)).current_dir(folder.path());
    bash.env("PATH", path.expect("paths")).env("XDG_CACHE_HOME", cache()).env("NO_COLOR", "1");
    // What cargo makes of its own variables is not the newcomer's. The dependencies are built once for all walks.
    bash.env("CARGO_TARGET_DIR", root().join("target/plugins")).env_remove("RUSTFLAGS").env_remove("CARGO");
    let printed = folder.path().join(".printed");
    let file = fs::File::create(&printed).expect("it can be made");
    let status = bash.stdout(file.try_clone().expect("a file")).stderr(file).status().expect("bash runs");
    let printed = fs::read_to_string(&printed).expect("UTF-8");
    assert!(status.success(), "{page}: what it says to type fails:\n{printed}");

    let mut by_block: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    let mut current = 0;
    for line in printed.lines() {
        match line.strip_prefix("#~ block ").and_then(|number| number.parse().ok()) {
            Some(number) => current = number,
            None => by_block.entry(current).or_default().push(line),
        }
    }
    for (index, block) in blocks.iter().enumerate() {
        let Block::Printed(expected) = block else { continue };
        let typed = blocks[..index].iter().rposition(|block| matches!(block, Block::Typed(_))).expect("something was typed");
        let found = by_block.remove(&typed).unwrap_or_default();
        let found: Vec<&str> = found.iter().map(|line| line.trim_end()).collect();
        let expected: Vec<&str> = expected.lines().collect();
        assert!(
            matches(&expected, &found),
            "{page} says that this is printed:\n{}\nand this was:\n{}",
            expected.join("\n"),
            found.join("\n")
        );
    }
}

#[test]
fn a_page_is_read_as_it_is_written() {
    let page = "a\n```sh\nls\n```\n<!-- prints -->\n```text\nx\n```\n<!-- file: a/b.toml -->\n```toml\ny = 1\n```\n```toml\nz = 1\n```\n";
    let file = Block::File("a/b.toml".to_owned(), "y = 1\n".to_owned());
    assert_eq!(blocks(page), [Block::Typed("ls\n".to_owned()), Block::Printed("x\n".to_owned()), file]);
    assert!(matches(&["a", "…", "c"], &["a", "b", "b", "c"]) && !matches(&["a", "…", "c"], &["a", "b"]));
}

#[test]
fn a_plugin_in_rust() {
    walk("docs/plugins/rust.md");
}

#[test]
fn a_plugin_in_python() {
    if there("python3") {
        walk("docs/plugins/python.md");
    }
}

#[test]
fn a_plugin_in_javascript() {
    if there("npm") {
        walk("docs/plugins/javascript.md");
    }
}

/// Whether a program of the machine is there; in CI it must be.
fn there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder: PathBuf| folder.join(program)).any(|path| path.is_file());
    assert!(found || std::env::var_os("CI").is_none(), "{program} is missing in CI");
    if !found {
        let _ =
            writeln!(std::io::stderr(), "\n*** SKIPPED: {program} is missing: no walk through a plugin in its language ***\n");
    }
    found
}
