//! The plugin `account`: a system user for each service, with its home, groups, directories, subordinate ids, lingering,
//! and what its manager waits for at boot.
//!
//! Reading order: [`table`] is what a manifest says; `claim`, `contribute` and `render` below are the three calls;
//! [`sysusers`], [`tmpfiles`] and [`drop_in`] each write one format; `rules/` has one file for each check.

mod drop_in;
mod rules;
mod sysusers;
mod table;
mod tmpfiles;

use rick_plugin_sdk::input::held_number;
use rick_plugin_sdk::slots::{self, Action, DirectoryValue, Identity, IdentityValue, Nothing, Phase};
use rick_plugin_sdk::{
    By, Claims, Contributions, Descriptor, Diagnostics, Empty, Of, Plugin, Rendered, ServiceCall, claimed, service, table,
    table_key,
};
use serde_json::json;

use rules::unusable_name;
pub use table::{Settings, Table};

/// Each service gets as many subordinate ids as an image can have uids.
const SUBORDINATE_COUNT: u32 = 65536;

/// The plugin.
pub struct Account;

impl Plugin for Account {
    type Table = Table;
    type Settings = Settings;
    type Facts = Empty;

    fn describe() -> Descriptor {
        Descriptor::new::<Self>("account", env!("CARGO_PKG_VERSION"), "system users, homes, directories and lingering")
            .always()
            .names("account:user", "user", "give one of them another `user` in [account]")
            // System users that Debian makes itself get 999 and below, downwards; people start at 1000.
            .numbers("account:uid", "uid", "leave `uid` out and rick hands out one that is free", [800, 899, 1])
            // Above what useradd hands to people (from 100000 upwards) for as long as there are fewer than 151 of them.
            .numbers(
                "account:subordinate",
                "range of subordinate ids",
                "leave `subordinate_first` out and rick hands out a range that is free",
                [10_000_000, 16_553_599, SUBORDINATE_COUNT.into()],
            )
            .contributes::<Identity>()
            .contributes::<slots::Directory>()
            .contributes::<slots::Group>()
            .contributes::<slots::Step>()
            .contributes::<slots::Check>()
            .reads::<Identity>(By::Render, Of::Service)
            .fulfils::<slots::Directory>(By::Render, Of::Service)
            .fulfils::<slots::Group>(By::Render, Of::Service)
            .fulfils::<slots::SystemUnit>(By::Render, Of::Service)
            .writes("/etc/sysusers.d/rick-*.conf")
            .writes("/etc/tmpfiles.d/rick-*.conf")
            .writes("/etc/systemd/system/user@*.service.d/rick.conf")
            .steps(&["identity", "subordinate-ids", "system-units-reload", "sysusers", "tmpfiles", "user-manager"])
            .answers(&["claim", "contribute", "check:service", "render:service"])
            .rules(rules::ALL)
    }

    fn claim(call: &ServiceCall<Self>, out: &mut Claims) {
        let because = match call.table.user {
            Some(_) => table(&["user"]),
            None => service(&["name"]),
        };
        out.want("account:user", "user", user_of(call), because);
        match call.table.uid {
            Some(uid) => out.want("account:uid", "uid", uid, table(&["uid"])),
            None => out.any("account:uid", "uid", service(&["name"])),
        }
        match call.table.subordinate_first {
            Some(first) => out.want("account:subordinate", "first", first, table(&["subordinate_first"])),
            None => out.any("account:subordinate", "first", service(&["name"])),
        }
    }

    fn contribute(call: &ServiceCall<Self>, out: &mut Contributions) {
        let identity = identity_of(call);
        let home = identity.home.clone();
        out.add::<Identity>("", &identity, claimed("account:uid", "uid"));

        let (place, stated) = if call.table.home.is_some() { (table(&["home"]), true) } else { (service(&["name"]), false) };
        let private = DirectoryValue { mode: "0750".to_owned(), owner: None, group: None };
        out.add::<slots::Directory>(&home, &private, place).stated_if(stated);

        for (path, directory) in &call.table.directories {
            let value =
                DirectoryValue { mode: directory.mode.clone(), owner: directory.owner.clone(), group: directory.group.clone() };
            out.add::<slots::Directory>(path, &value, table_key(&["directories", path])).stated();
        }
        for (index, group) in call.table.groups.iter().enumerate() {
            out.add::<slots::Group>(group, &Nothing {}, table(&["groups", &index.to_string()])).stated();
        }
    }

    fn check_service(call: &ServiceCall<Self>, out: &mut Diagnostics) {
        rules::check(call, out);
    }

    fn render_service(call: &ServiceCall<Self>, out: &mut Rendered) {
        let Some(identity) = call.reads.of::<Identity>().into_iter().next() else { return };
        let groups = unusable_name::groups(call.reads.of::<slots::Group>(), &mut out.diagnostics);
        let wanted = unusable_name::directories(call.reads.of::<slots::Directory>(), &mut out.diagnostics);
        let units = unusable_name::units(call.reads.of::<slots::SystemUnit>(), &mut out.diagnostics);
        let name = &call.service.name;

        let users = sysusers::render(name, &identity, &groups);
        let directories = tmpfiles::render(name, &identity, &wanted);
        let drop_in = drop_in::render(name, &identity, &units);

        let IdentityValue { user, uid, group, gid, .. } = identity.value.clone();
        let place = &identity.place;
        let asked = Action::Identity { user: user.clone(), uid, group, gid };
        out.step("identity", Phase::Ask, asked, &[], place.clone());
        let file = users.path().to_owned();
        out.step("sysusers", Phase::Accounts, Action::Sysusers { file: file.clone() }, &[&file], place.clone());
        let (first, count) = (identity.value.subordinate_first, identity.value.subordinate_count);
        let because = claimed("account:subordinate", "first");
        out.step(
            "subordinate-ids",
            Phase::SubordinateIds,
            Action::SubordinateIds { user: user.clone(), first, count },
            &[],
            because,
        );
        let file = directories.path().to_owned();
        out.step("tmpfiles", Phase::Directories, Action::Tmpfiles { file: file.clone() }, &[&file], place.clone());
        if !drop_in.is_empty() {
            let file = drop_in.path().to_owned();
            out.step("drop-in", Phase::SystemUnits, Action::SystemUnitsReload {}, &[&file], place.clone());
        }
        let group_names: Vec<String> = groups.iter().map(|group| group.key.clone()).collect();
        let manager = Action::UserManager { user: user.clone(), uid, groups: group_names.clone() };
        out.step("user-manager", Phase::UserManagers, manager, &[], place.clone());

        let title = format!("`{user}` is uid {uid}");
        let check = json!({ "kind": "identity", "title": title, "user": user, "uid": uid, "groups": group_names });
        out.add::<slots::Check>("identity", &check, place.clone());
        let title = format!("the manager of `{user}` runs without a login");
        out.add::<slots::Check>(
            "lingering",
            &json!({ "kind": "lingering", "title": title, "user": user, "uid": uid }),
            place.clone(),
        );
        for directory in wanted {
            let (owner, group) = tmpfiles::owner_of(&directory.value, &identity.value);
            let title = format!("`{}` is there, {} {owner}:{group}", directory.key, directory.value.mode);
            let check = json!({
                "kind": "directory", "title": title, "path": directory.key, "mode": directory.value.mode, "owner": owner, "group": group,
            });
            out.add::<slots::Check>(&format!("directory:{}", directory.key), &check, directory.place.clone());
        }

        out.artifact(users);
        out.artifact(directories);
        out.artifact(drop_in);
    }
}

/// The user's name: the service's, unless the manifest says another.
fn user_of(call: &ServiceCall<Account>) -> &str {
    call.table.user.as_deref().unwrap_or(&call.service.name)
}

fn identity_of(call: &ServiceCall<Account>) -> IdentityValue {
    let user = user_of(call);
    let uid = number(held_number(&call.claimed, "account:uid", "uid"));
    let subordinate_first = number(held_number(&call.claimed, "account:subordinate", "first"));
    let home = call.table.home.clone().unwrap_or_else(|| format!("{}/{user}", call.settings.home_base));
    IdentityValue {
        user: user.to_owned(),
        uid,
        group: user.to_owned(),
        gid: uid,
        home,
        subordinate_first,
        subordinate_count: SUBORDINATE_COUNT,
    }
}

fn number(held: u64) -> u32 {
    u32::try_from(held).unwrap_or_else(|_| panic!("{held} is no uid"))
}

rick_plugin_sdk::export!(Account);
