//! Policies: the packs, those of the examples, and what becomes of what they find.

use std::time::{Duration, Instant};

use rick::policy::kind::Kind;
use rick::policy::words;
use serde_json::Value;

use crate::support::{MACHINE, Project, blessing, root};

const WIKI: &str = "[service]\ndescription = \"Wiki\"\nimage = \"ghcr.io/acme/wiki:1.4.2\"\ndomain = \"wiki.example.org\"\nport = 8080\n\n[caddy]\n\n[quadlet]\nhealth = { command = \"true\" }\n";

/// A project of one service, with these policies of its own.
fn with(policies: &str, manifest: &str) -> Project {
    let project = Project::of(&[("services/wiki.toml", manifest), ("policies/house.toml", policies)]);
    project.write("rick.toml", "[machines.web1]\nversions = { podman = \"5.4.2\", caddy = \"2.6.2\", postgresql = \"17\" }\n");
    project
}

fn using(packs: &str, manifest: &str) -> Project {
    let project = Project::of(&[("services/wiki.toml", manifest)]);
    project.write("rick.toml", &format!("[machines.web1]\nversions = {{ podman = \"5.4.2\", caddy = \"2.6.2\", postgresql = \"17\" }}\n\n[policies]\nuse = [{packs}]\n"));
    project
}

fn lines(project: &Project, arguments: &[&str]) -> Vec<String> {
    let said = project.rick(&[&["lint", "--format", "concise", "--today", "2026-12-01"], arguments].concat());
    said.out.lines().map(str::to_owned).collect()
}

fn rule(body: &str) -> String {
    format!("[rule.house]\nsummary = \"the house wants it\"\nfor = \"service\"\n{body}\n")
}

#[test]
fn the_packs_catch_what_they_say_and_nothing_else() {
    let project = using("\"access\", \"baseline\", \"data\", \"hardening\"", WIKI);
    let said = project.rick(&["policy", "test"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    assert!(said.err.starts_with("tried ") && said.err.ends_with("all as they should be\n"), "{}", said.err);
}

#[test]
fn twenty_policies_of_a_house_hold_in_its_own_project() {
    let project = Project::copy_of("examples/policies");
    let said = project.rick(&["policy", "test"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    let listed: Value = serde_json::from_str(&project.rick(&["rules", "--format", "json"]).out).expect("JSON");
    let own = |rule: &&Value| rule["policy"].as_str().is_some_and(|from| from.starts_with("policies/"));
    assert!(listed["rules"].as_array().expect("rules").iter().filter(own).count() >= 20);
    let said = project.rick(&["lint"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));
    // Each of them finds something in a project that is not so.
    let manifest = project.read("services/wiki.toml");
    project.write(
        "services/wiki.toml",
        &manifest.replace("LOG_LEVEL = \"info\"", "LOG_LEVEL = \"debug\"").replace("\"/health\"", "\"/metrics\""),
    );
    let found = lines(&project, &[]);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("services/wiki.toml:19:1: error[health-is-all-that-is-public]: /metrics of wiki")),
        "{found:#?}"
    );
    assert_eq!(project.rick(&["lint", "--fix"]).code, 1);
    assert!(project.read("services/wiki.toml").contains("LOG_LEVEL = \"info\""));
}

#[test]
fn a_test_that_comes_out_otherwise_says_what_was_seen() {
    let project = with(
        &rule(
            "require = 'service.port >= 8000'\n[[rule.house.test]]\nfail = { port = 8080 }\n[[rule.house.test]]\npass = { port = 80 }",
        ),
        WIKI,
    );
    let said = project.rick(&["policy", "test"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("error[policy]: `house` lets this pass, and should catch it"), "{}", said.out);
    assert!(said.out.contains("--> policies/house.toml:6:1") && said.out.contains("`service.port` is 8080"), "{}", said.out);
    assert!(said.out.contains("error[policy]: `house` catches this, and should let it pass"), "{}", said.out);

    // One that finds nothing in any of its cases may be one that never does.
    let project = with(&rule("require = 'service.port >= 8000'\n[[rule.house.test]]\npass = { port = 8080 }"), WIKI);
    let said = project.rick(&["policy", "test"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("nothing shows that `house` finds anything"), "{}", said.out);
    assert!(said.out.contains("add a case that it must catch: `[[rule.house.test]]` with `fail = { … }`"), "{}", said.out);
    assert_eq!(project.rick(&["policy", "test", "huose"]).code, 2);
    assert!(project.rick(&["policy", "test", "huose"]).err.contains("did you mean `house`?"));

    // A message that nobody expects, and a case that is not asked at all.
    let project = with(
        &rule(
            "when = 'service.domain is not none'\nrequire = 'service.port == 1'\nmessage = 'x {{ service.port }}'\n[[rule.house.test]]\nfail = { domain = \"a\", port = 8080 }\nmessage = \"x 8081\"\n[[rule.house.test]]\nfail = { port = 8080 }",
        ),
        WIKI,
    );
    let said = project.rick(&["policy", "test"]);
    assert!(said.out.contains("it says: x 8080") && said.out.contains("expected: x 8081"), "{}", said.out);
    assert!(said.out.contains("it was not asked, since `service.domain is not none` is not true"), "{}", said.out);
}

#[test]
fn what_a_policy_finds_is_a_finding_like_any_other() {
    let policy = rule(
        "require = 'service.port == 443'\nat = \"port\"\nmessage = 'port {{ service.port }}'\nhelp = 'take 443'\nfix = { set = 443 }",
    );
    let project = with(&policy, WIKI);
    assert_eq!(lines(&project, &[]), ["services/wiki.toml:5:8: error[house]: port 8080"]);
    let shown = project.rick(&["lint"]).out;
    for part in
        ["`service.port` is 8080", "help: take 443", "fix: set `port` to 443 (`rick lint --unsafe-fixes`)", "rick explain house"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(project.rick(&["build"]).code, 1);
    assert!(!project.exists("dist"));

    // Chosen, made less, turned off, by code and by what codes begin with.
    assert_eq!(lines(&project, &["--severity", "house=warning"]), ["services/wiki.toml:5:8: warning[house]: port 8080"]);
    assert!(lines(&project, &["--ignore", "hou"]).is_empty());
    assert_eq!(lines(&project, &["--select", "house"]).len(), 1);
    assert_eq!(project.rick(&["lint", "--ignore", "huose"]).code, 2);

    // Waived, for a while.
    let waive = "\n[[waive]]\nrule = \"house\"\nreason = \"old\"\nexpires = 2027-01-31\nat = \"service.port\"\n";
    let waived = with(&policy, &format!("{WIKI}{waive}"));
    assert!(lines(&waived, &[]).is_empty());
    assert_eq!(waived.rick(&["build"]).code, 0);
    let said = waived.rick(&["lint", "--format", "concise", "--today", "2027-02-01"]).out;
    assert!(said.contains("error[house]") && said.contains("warning[waiver-expired]"), "{said}");

    // Not one that cannot be.
    let strict = with(
        &format!("{policy}\nwaivable = false\n").replace("fix = { set = 443 }\n\n", "").replace("fix = { set = 443 }", ""),
        &format!("{WIKI}{waive}"),
    );
    let found = lines(&strict, &["--ignore", "waiver"]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[1].contains("error[waiver-refused]: `house` cannot be waived"), "{found:#?}");

    // Known from before.
    assert_eq!(project.rick(&["lint", "--baseline", "write"]).code, 0);
    assert!(lines(&project, &[]).is_empty());
    assert!(project.read("rick-baseline.toml").contains("rule = \"house\""));

    // Mended by the value that the policy gives, where somebody asks for it.
    let project = with(&policy, WIKI);
    project.rick(&["lint", "--fix"]);
    assert!(project.read("services/wiki.toml").contains("port = 8080"));
    assert_eq!(project.rick(&["lint", "--unsafe-fixes"]).code, 0);
    assert!(project.read("services/wiki.toml").contains("port = 443"));

    // In the other formats by its name, with the file that it is from.
    let sarif: Value = serde_json::from_str(&with(&policy, WIKI).rick(&["lint", "--format", "sarif"]).out).expect("JSON");
    let run = &sarif["runs"][0];
    let component = run["results"][0]["rule"]["toolComponent"]["index"].as_u64().expect("an index") as usize;
    assert_eq!(run["results"][0]["ruleId"], "house");
    assert_eq!(run["tool"]["extensions"][component]["name"], "policies/house.toml");
}

#[test]
fn no_two_may_share_what_is_unique() {
    let policy = "[rule.one-port]\nsummary = \"x\"\nfor = \"service\"\nunique = ['service.machine', 'service.port']\nmessage = 'port {{ key[1] }} is also that of {{ others|join(\", \") }}'\n";
    let project = with(policy, WIKI);
    for name in ["a", "b", "c"] {
        project.write(&format!("services/{name}.toml"), &format!("[service]\nimage = \"ghcr.io/acme/{name}:1.0.0\"\n"));
    }
    // What nobody said is shared by nobody.
    assert!(lines(&project, &[]).is_empty());
    let second = WIKI.replace("wiki", "feeds").replace("port = 8080", "port = 8080 # too");
    project.write("services/feeds.toml", &second);
    let said = project.rick(&["lint"]).out;
    assert!(said.contains("port 8080 is also that of feeds") || said.contains("both use port 8080"), "{said}");
    // Two that hold one number are a quarrel of claims already, so it is another key that shows it.
    let policy = policy.replace("'service.machine', 'service.port'", "'service.quadlet.env.TEAM'").replace("key[1]", "key[0]");
    let project = with(&policy, &format!("{WIKI}env = {{ TEAM = \"red\" }}\n"));
    project.write(
        "services/feeds.toml",
        &format!("{}env = {{ TEAM = \"red\" }}\n", WIKI.replace("wiki", "feeds").replace("8080", "8081")),
    );
    let said = project.rick(&["lint"]).out;
    assert!(said.contains("error[one-port]: port red is also that of feeds"), "{said}");
    assert!(said.contains("which is said here first") && said.contains("services/feeds.toml:11:"), "{said}");
    assert_eq!(lines(&project, &[]).len(), 1);
}

#[test]
fn no_expression_keeps_rick_busy() {
    let forever =
        "require = '(((\"x\" * 90000)|list|map(\"upper\")|list|join * 500)|list|sort|join|list|unique|list|length) > 0'";
    let project = with(&rule(forever), WIKI);
    for number in 0..40 {
        let manifest = WIKI.replace("wiki", &format!("s{number}")).replace("8080", &format!("{}", 9000 + number));
        project.write(&format!("services/s{number}.toml"), &manifest);
    }
    project.rick(&["lint", "--ignore", "house"]);
    let start = Instant::now();
    let said = project.rick(&["lint"]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(said.code, 1);
    assert!(said.out.contains("error[policy]: the expression does too much: it was stopped"), "{}", said.out);
    // One word for it, and not one for each service.
    assert!(said.err.contains("1 error"), "{}", said.err);
}

#[test]
fn an_expression_that_fails_is_a_finding_about_the_policy() {
    let project = with(&rule("require = 'service.name + 1 > 2'"), WIKI);
    let said = project.rick(&["lint"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("--> policies/house.toml:4:12"), "{}", said.out);
    assert!(said.out.contains("error[policy]: tried to use + operator on unsupported types string and number"), "{}", said.out);
    // It is no matter of taste.
    assert_eq!(project.rick(&["lint", "--ignore", "policy"]).code, 2);
}

#[test]
fn what_somebody_wrote_down_is_shown_nowhere() {
    let secret = "hunter2hunter2";
    let manifest = format!("{WIKI}env = {{ ADMIN_PASSWORD = \"{secret}\", DB = \"postgres://wiki:{secret}@db/wiki\" }}\n");
    let policy = rule(
        "require = 'service.quadlet.env.ADMIN_PASSWORD == \"x\" and service.quadlet.env.DB == \"x\"'\nmessage = '{{ service.quadlet.env.ADMIN_PASSWORD }} {{ service.quadlet.env.DB }} {{ service }}'\nhelp = '{{ deployment|tojson }}'",
    );
    let project = with(&policy, &manifest);
    for arguments in [
        &["lint", "--ignore", "XS,QD", "--show-waived"][..],
        &["lint", "--format", "json", "--select", "house"],
        &["lint", "--format", "sarif", "--select", "house"],
        &["policy", "explain", "house"],
        &["show", "--format", "json"],
    ] {
        let said = project.rick(arguments);
        let shown = format!("{}{}", said.out, said.err);
        assert!(shown.contains("hidden"), "{arguments:?}: {shown}");
        // The line of the manifest is its owner's, and a rule that finds the secret hides it there.
        let without_source: String = shown.lines().filter(|line| !line.contains("env = {")).collect();
        assert!(!without_source.contains(secret), "{arguments:?}: {shown}");
    }
}

#[test]
fn of_half_a_project_nothing_is_said_about_the_whole() {
    let policy = "[rule.many]\nsummary = \"there are two\"\nfor = \"deployment\"\nrequire = 'deployment.services|length >= 2'\n";
    let project = with(policy, WIKI);
    assert!(lines(&project, &[])[0].contains("error[many]: there are two"));
    project.write("services/feeds.toml", "[service]\nimage = 3\n");
    let found = lines(&project, &[]);
    assert!(found.len() == 1 && found[0].contains("error[schema]"), "{found:#?}");
}

/// Only what policies look at is put together, and that in the second run as in the first, when nothing is rendered anew.
#[test]
fn whatever_a_policy_looks_at_is_there() {
    for asks in [
        "deployment.services|map(attribute=\"images\")|flatten|length == 1",
        "deployment.services|map(attribute=\"units\")|flatten|length == 2",
        "deployment.artifacts|length > 3",
        "deployment.contributions|length > 20",
        "deployment|tojson|length > 5000",
        "(deployment.services|first|tojson) is matching(\"DropCapability\")",
        "deployment.services|map(attribute=\"sites\")|flatten|selectattr(\"model\")|list|length == 1",
    ] {
        let policy = format!("[rule.house]\nsummary = \"x\"\nfor = \"deployment\"\nrequire = '{asks}'\n");
        let project = with(&policy, WIKI);
        for _ in 0..2 {
            assert_eq!(lines(&project, &[]), Vec::<String>::new(), "{asks}");
        }
    }
}

#[test]
fn a_policy_of_ones_own_may_stand_for_that_of_a_pack() {
    let own = "[rule.described]\nsummary = \"mine\"\nfor = \"service\"\nrequire = 'false'\n";
    let project = using("\"baseline\"", WIKI);
    project.write("policies/own.toml", own);
    let found = lines(&project, &[]);
    assert!(
        found.len() == 1
            && found[0].contains("policies/own.toml:1:7: error[policy]: the pack `baseline` has a policy `described`"),
        "{found:#?}"
    );
    project.write("policies/own.toml", &format!("{own}replaces = \"baseline\"\n"));
    let found = lines(&project, &[]);
    assert!(found.len() == 1 && found[0].contains("error[described]: mine"), "{found:#?}");
    project.write("policies/second.toml", &own.replace("described", "mine"));
    project.write("policies/third.toml", &own.replace("described", "mine"));
    assert!(lines(&project, &[]).iter().any(|line| line.contains("there are two policies `mine`")));
    project.write("rick.toml", &format!("{MACHINE}[policies]\nfolder = \"nowhere\"\n"));
    assert!(lines(&project, &[]).iter().any(|line| line.contains("there is no folder `nowhere` with policies")));
}

#[test]
fn what_policies_see_is_what_is_printed_and_what_its_schema_says() {
    for example in ["guide", "homelab", "policies"] {
        let project = Project::copy_of(&format!("examples/{example}"));
        assert_eq!(project.rick(&["schema"]).code, 0);
        let schema: Value = serde_json::from_str(&project.read(".rick/model.schema.json")).expect("JSON");
        let printed = project.rick(&["show", "--format", "json"]).out;
        let model: Value = serde_json::from_str(&printed).expect("JSON");
        assert_eq!(model["version"], 1);
        let validator = jsonschema::draft202012::new(&schema).expect("a schema");
        let problems: Vec<String> =
            validator.iter_errors(&model).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect();
        assert!(problems.is_empty(), "{example}: {problems:#?}");
        assert_eq!(printed, project.rick(&["show", "--format", "json"]).out);
    }
}

#[test]
fn a_model_that_was_printed_is_asked_like_the_project() {
    let project = using("\"access\", \"baseline\", \"data\", \"hardening\"", WIKI);
    let found: Vec<String> =
        lines(&project, &[]).iter().map(|line| line.splitn(4, ':').nth(3).expect("a message").trim().to_owned()).collect();
    assert!(found.len() > 3, "{found:#?}");
    project.write("model.json", &project.rick(&["show", "--format", "json"]).out);
    let elsewhere = Project::empty();
    let model = project.path().join("model.json");
    let model = model.to_str().expect("UTF-8");
    let said = elsewhere.rick(&[
        "policy",
        "check",
        "--model",
        model,
        "--pack",
        "access",
        "--pack",
        "baseline",
        "--pack",
        "data",
        "--pack",
        "hardening",
        "--format",
        "concise",
    ]);
    assert_eq!(said.code, 1, "{}", said.err);
    let mut asked: Vec<String> = said.out.lines().map(|line| line.trim().to_owned()).collect();
    let mut found = found;
    found.sort();
    asked.sort();
    assert_eq!(asked, found);
    let said = elsewhere.rick(&["policy", "check", "--model", model, "--pack", "hardening"]);
    assert!(said.out.contains("it comes from services/wiki.toml:3"), "{}", said.out);
    elsewhere.write("old.json", "{ \"version\": 2 }");
    let said = elsewhere.rick(&["policy", "check", "--model", "old.json", "--pack", "hardening"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("is a model of version 2, and this rick reads version 1"), "{}", said.err);
}

#[test]
fn a_policy_can_be_explained() {
    let project = using("\"access\"", WIKI);
    let said = project.rick(&["explain", "domain-needs-sign-on"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.starts_with("# domain-needs-sign-on\n\nError of a policy of the pack access; can be waived.\n"),
        "{}",
        said.out
    );
    assert!(said.out.contains("require = 'service.gate is not none or service.authentik is not none'"), "{}", said.out);
    let said = project.rick(&["policy", "explain", "domain-needs-sign-on"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in ["found  service wiki", "`service.gate` is none", "`wiki.example.org` lets in whoever comes"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(project.rick(&["policy", "explain", "gate-names-groups"]).out.contains("Nothing of this project is what it asks of"));
    assert!(project.rick(&["policy", "explain", "gate-name-groups"]).err.contains("did you mean `gate-names-groups`?"));
    // A pack that is not used has its pages, too.
    assert!(project.rick(&["explain", "image-digest"]).out.contains("Error of a policy of the pack hardening"));
    let listed = project.rick(&["rules"]).out;
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("domain-needs-sign-on") && line.contains("A service with a domain asks who comes")),
        "{listed}"
    );
}

/// docs/reference/policy-model.md, made from the schema and from the lists of words. `RICK_BLESS=1 cargo test` writes it anew.
#[test]
fn what_policies_see_has_its_page() {
    let schema: Value = serde_json::from_str(include_str!("../policies/model.schema.json")).expect("JSON");
    let page = page(&schema);
    let path = root().join("docs/reference/policy-model.md");
    if blessing() {
        std::fs::write(&path, &page).expect("it can be written");
    }
    assert_eq!(std::fs::read_to_string(&path).expect("the page"), page, "RICK_BLESS=1 cargo test writes it anew");
}

fn page(schema: &Value) -> String {
    let mut text = "# What policies see\n\nMade from the model's schema and from rick's lists; how to use it: [policies](../users/policies.md). `rick show --format json` prints\nit for a project, and `rick schema` writes the schema with the tables of its plugins.\n\nThis is version 1. Within a version members are added, and none is taken away or means something else.\n".to_owned();
    let list = |text: &mut String, title: &str, item: &Value, more: &str| {
        let what = item["description"].as_str().unwrap_or_default();
        text.push_str(&format!("\n## `{title}`\n\n{what}{more}\n\n| member | | |\n|---|---|---|\n"));
        let required: Vec<&str> = item["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, member) in item["properties"].as_object().expect("members") {
            let kind = member["type"].as_str().unwrap_or("anything");
            let kind = match member["enum"].as_array() {
                Some(words) => {
                    words.iter().map(|word| format!("`{}`", word.as_str().unwrap_or_default())).collect::<Vec<_>>().join(", ")
                }
                None => match kind {
                    "array" => format!(
                        "list of {}",
                        member["items"]["type"].as_str().map_or("anything", |kind| if kind == "object" {
                            "tables"
                        } else {
                            "texts"
                        })
                    ),
                    "object" => "table".to_owned(),
                    "string" => "text".to_owned(),
                    other => other.to_owned(),
                },
            };
            let optional = if required.contains(&name.as_str()) { "" } else { ", may be none" };
            let what = match (name.as_str(), member["description"].as_str()) {
                (_, Some(what)) => what.replace('|', "\\|"),
                ("service", _) => "the service that it is of".to_owned(),
                ("machine", _) => "the machine that it is on".to_owned(),
                ("from", _) => "the plugins that say so, with their versions".to_owned(),
                ("at", _) => "the place in the project's files that it is from".to_owned(),
                (other, _)
                    if matches!(member["type"].as_str(), Some("array")) && Kind::ALL.iter().any(|kind| kind.list() == other) =>
                {
                    format!("see [`{}`](#{})", other.trim_end_matches('s'), other.trim_end_matches('s'))
                }
                _ => String::new(),
            };
            text.push_str(&format!("| `{name}` | {kind}{optional} | {what} |\n"));
        }
    };
    let properties = &schema["properties"];
    for kind in Kind::ALL {
        let (item, more) = match kind {
            Kind::Service => (
                &properties["services"]["items"],
                " The keys of `[service]` and the tables of plugins are members, too: `service.domain`, `service.valkey.db`.",
            ),
            Kind::Machine => (&properties["machines"]["items"], " Each plugin's table is a member: `machine.caddy`."),
            Kind::Artifact => (&properties["artifacts"]["items"], ""),
            Kind::Contribution => (&properties["contributions"]["items"], ""),
            Kind::Deployment => (schema, ""),
            kind => (&properties["services"]["items"]["properties"][kind.list()]["items"], ""),
        };
        list(&mut text, kind.name(), item, more);
    }
    for (title, before, words) in [
        ("Filters", "`value|filter`; on a list `map(\"filter\")`.", words::FILTERS),
        ("Tests", "`value is test`; on a list `select(\"test\")` and `selectattr(\"member\", \"test\")`.", words::TESTS),
    ] {
        text.push_str(&format!("\n## {title}\n\n{before}\n\n| | |\n|---|---|\n"));
        for word in words {
            text.push_str(&format!("| `{}` | {} |\n", word.name, word.what.replace('|', "\\|")));
        }
    }
    text
}
