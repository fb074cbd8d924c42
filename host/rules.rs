//! What every code means: the rules of plugins with their pages, and rick's own words.

pub mod own;
pub mod page;

use serde_json::Value;

use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::policy::{Policies, Policy};
use crate::schema::nearest;

/// A rule of a plugin's, or a policy, with its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// "PG011"
    pub code: String,
    /// "reserved-database-name"
    pub name: String,
    /// "error", "warning" …: where a diagnostic does not say otherwise.
    pub severity: &'static str,
    /// A waiver can silence it.
    pub waivable: bool,
    /// The plugin, with its version.
    pub plugin: String,
    /// What it finds.
    pub what: String,
    /// Why that matters.
    pub why: String,
    /// A manifest that it finds.
    pub example: String,
    /// The same, mended.
    pub use_instead: String,
    /// Where the fact comes from.
    pub source: String,
    /// It is a policy: `plugin` says of which file or pack, `example` what it asks, `use_instead` what it tells to do.
    pub is_policy: bool,
}

/// The rules of plugins, and the policies.
pub struct Rules<'a> {
    plugins: &'a [Plugin],
    policies: &'a [Policy],
}

impl<'a> Rules<'a> {
    /// Those of these plugins, and these policies.
    pub fn of(plugins: &'a Plugins, policies: &'a Policies) -> Self {
        Self { plugins: &plugins.all, policies: &policies.all }
    }

    /// All, in the order of their codes.
    pub fn all(&self) -> Vec<Rule> {
        let rules = self.plugins.iter().flat_map(|plugin| plugin.descriptor.rules.iter().map(|rule| read(plugin, rule)));
        let mut rules: Vec<Rule> = rules.chain(self.policies.iter().map(read_policy)).collect();
        rules.sort_by(|left, right| left.code.cmp(&right.code));
        rules
    }

    /// The rule of a code.
    pub fn find(&self, code: &str) -> Option<Rule> {
        let rules = self.plugins.iter().flat_map(|plugin| plugin.descriptor.rules.iter().map(move |rule| (plugin, rule)));
        let rule = rules.into_iter().find(|(_, rule)| rule.code == code).map(|(plugin, rule)| read(plugin, rule));
        rule.or_else(|| self.policies.iter().find(|policy| policy.name == code).map(read_policy))
    }

    /// Whether a waiver can silence a rule; `None` where there is none.
    pub fn waivable(&self, code: &str) -> Option<bool> {
        self.all_waivable().find(|(of, _)| *of == code).map(|(_, waivable)| waivable)
    }

    /// Of every rule, whether a waiver can silence it.
    pub fn all_waivable(&self) -> impl Iterator<Item = (&str, bool)> {
        let rules =
            self.plugins.iter().flat_map(|plugin| &plugin.descriptor.rules).map(|rule| (rule.code.as_str(), rule.waivable));
        rules.chain(self.policies.iter().map(|policy| (policy.name.as_str(), policy.waivable)))
    }

    /// Whether a rule's code, or one of rick's own words, begins so.
    pub fn begins(&self, prefix: &str) -> bool {
        self.codes().any(|code| code.starts_with(prefix))
    }

    /// The code that was meant: the nearest one, or that of the rule with this name.
    pub fn meant(&self, word: &str) -> Option<&str> {
        let rules = self.plugins.iter().flat_map(|plugin| &plugin.descriptor.rules);
        let named = rules.into_iter().find(|rule| rule.name == word).map(|rule| rule.code.as_str());
        named.or_else(|| nearest(word, self.codes()))
    }

    fn codes(&self) -> impl Iterator<Item = &str> {
        self.all_waivable().map(|(code, _)| code).chain(own::ALL.iter().map(|own| own.code))
    }
}

fn read(plugin: &Plugin, rule: &crate::contract::meta::Rule) -> Rule {
    let page: Value = serde_json::from_str(&rule.page).unwrap_or_default();
    let text = |key: &str| page.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    Rule {
        code: rule.code.clone(),
        name: rule.name.clone(),
        severity: crate::diagnostic::Severity::from(rule.severity).name(),
        waivable: rule.waivable,
        plugin: plugin.title(),
        what: text("what"),
        why: text("why"),
        example: text("example"),
        use_instead: text("use_instead"),
        source: text("source"),
        is_policy: false,
    }
}

fn read_policy(policy: &Policy) -> Rule {
    let quoted = |text: &str| if text.contains(['\'', '\n']) { format!("'''{text}'''") } else { format!("'{text}'") };
    let mut asks = format!("for = \"{}\"\n", policy.kind.name());
    if let Some(when) = &policy.when {
        asks.push_str(&format!("when = {}\n", quoted(when.text.trim())));
    }
    let expressions: Vec<String> =
        policy.assertion.expressions().iter().map(|expression| quoted(expression.text.trim())).collect();
    let word = policy.assertion.word();
    asks.push_str(&match expressions.as_slice() {
        [one] => format!("{word} = {one}"),
        many => format!("{word} = [{}]", many.join(", ")),
    });
    Rule {
        code: policy.name.clone(),
        name: policy.name.clone(),
        severity: policy.severity.name(),
        waivable: policy.waivable,
        plugin: policy.from.to_string(),
        what: policy.summary.clone(),
        why: policy.why.clone(),
        example: asks,
        use_instead: policy.help.as_ref().map(|help| help.as_written().trim().to_owned()).unwrap_or_default(),
        source: String::new(),
        is_policy: true,
    }
}
