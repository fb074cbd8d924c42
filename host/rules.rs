//! What every code means: the rules of plugins with their pages, and rick's own words.

pub mod own;
pub mod page;

use serde_json::Value;

use crate::plugin::Plugin;
use crate::plugins::Plugins;
use crate::schema::nearest;

/// A rule of a plugin's, with its page.
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
}

/// The rules of plugins.
pub struct Rules<'a> {
    plugins: &'a [Plugin],
}

impl<'a> Rules<'a> {
    /// Those of these plugins.
    pub fn of(plugins: &'a Plugins) -> Self {
        Self { plugins: &plugins.all }
    }

    /// All, in the order of their codes.
    pub fn all(&self) -> Vec<Rule> {
        let rules = self.plugins.iter().flat_map(|plugin| plugin.descriptor.rules.iter().map(|rule| read(plugin, rule)));
        let mut rules: Vec<Rule> = rules.collect();
        rules.sort_by(|left, right| left.code.cmp(&right.code));
        rules
    }

    /// The rule of a code.
    pub fn find(&self, code: &str) -> Option<Rule> {
        let rules = self.plugins.iter().flat_map(|plugin| plugin.descriptor.rules.iter().map(move |rule| (plugin, rule)));
        rules.into_iter().find(|(_, rule)| rule.code == code).map(|(plugin, rule)| read(plugin, rule))
    }

    /// Whether a waiver can silence a rule; `None` where no plugin has it.
    pub fn waivable(&self, code: &str) -> Option<bool> {
        self.plugins.iter().flat_map(|plugin| &plugin.descriptor.rules).find(|rule| rule.code == code).map(|rule| rule.waivable)
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
        let rules = self.plugins.iter().flat_map(|plugin| &plugin.descriptor.rules).map(|rule| rule.code.as_str());
        rules.chain(own::ALL.iter().map(|own| own.code))
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
    }
}
