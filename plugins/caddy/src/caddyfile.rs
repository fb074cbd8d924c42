//! A Caddyfile as a value, and how it is written: <https://caddyserver.com/docs/caddyfile/concepts>.

use rick_plugin_sdk::{Artifact, Place};

/// A line, with what is in its block.
#[derive(Debug)]
pub enum Node {
    /// A directive, a matcher or the names of a site.
    Directive {
        /// Word by word, before any quoting.
        words: Vec<String>,
        /// What is in its braces.
        block: Option<Vec<Node>>,
        /// Because of what.
        because: Vec<Place>,
    },
    /// Lines of the user's, as they stand.
    Verbatim(String, Place),
}

/// A directive without a block.
pub fn line<const N: usize>(words: [&str; N], because: &[Place]) -> Node {
    block_of(words, None, because)
}

/// A directive with a block.
pub fn block<const N: usize>(words: [&str; N], nodes: Vec<Node>, because: &[Place]) -> Node {
    block_of(words, Some(nodes), because)
}

fn block_of<const N: usize>(words: [&str; N], block: Option<Vec<Node>>, because: &[Place]) -> Node {
    Node::Directive { words: words.map(str::to_owned).to_vec(), block, because: because.to_vec() }
}

/// Adds nodes to a file, with a tab for each level.
pub fn write(file: &mut Artifact, nodes: &[Node], level: usize) {
    let indent = "\t".repeat(level);
    for node in nodes {
        match node {
            Node::Directive { words, block, because } => {
                let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                let words = words.join(" ");
                match block {
                    None => file.line(format!("{indent}{words}"), because.as_slice()),
                    Some(nodes) => {
                        file.line(format!("{indent}{words} {{"), because.as_slice());
                        write(file, nodes, level + 1);
                        file.line(format!("{indent}}}"), because.as_slice());
                    }
                }
            }
            Node::Verbatim(text, because) => {
                for line in text.lines() {
                    let line = if line.trim().is_empty() { String::new() } else { format!("{indent}{}", line.trim_end()) };
                    file.line(line, because);
                }
            }
        }
    }
}

/// One word. Between backquotes everything stands for itself; between double quotes, all but a double quote.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@*>+~!$&(),=%^|?[]".contains(c);
    let placeholder = word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let is_placeholder =
        placeholder.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)));
    if is_placeholder || (!word.is_empty() && word.chars().all(plain)) {
        word.to_owned()
    } else if word.contains('`') {
        format!("\"{}\"", word.replace('"', "\\\""))
    } else {
        format!("`{word}`")
    }
}

/// What is wrong with lines that are to stand inside a block, if anything: they would end it, or run on behind it.
pub fn misfit(text: &str) -> Option<&'static str> {
    let mut depth = 0_i32;
    let mut quote: Option<char> = None;
    for line in text.lines() {
        let mut at_start = true;
        let mut escaped = false;
        let words: Vec<&str> = line.split_whitespace().collect();
        for c in line.chars() {
            match quote {
                Some(open) if c == open && !(escaped && open == '"') => quote = None,
                Some(_) => {}
                None if at_start && (c == '"' || c == '`') => quote = Some(c),
                None if at_start && c == '#' => break,
                None => {}
            }
            escaped = c == '\\' && !escaped;
            at_start = c.is_whitespace();
        }
        if quote.is_some() {
            return Some("has a quote without a partner on its line");
        }
        if words.iter().any(|word| word.starts_with("<<")) {
            return Some("begins a heredoc, which is for whole files");
        }
        if words.last() == Some(&"{") {
            depth += 1;
        }
        if words.first() == Some(&"}") {
            depth -= 1;
        }
        if depth < 0 {
            return Some("closes a brace that it did not open");
        }
    }
    (depth != 0).then_some("opens a brace that it does not close")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_they_must_be() {
        for plain in
            ["reverse_proxy", "127.0.0.1:8080", "/outpost/*", "-X-Authentik*", "A>B", "{uri}", "{http.request.header.X-Y}"]
        {
            assert_eq!(quoted(plain), plain);
        }
        assert_eq!(quoted(r"(?:^|\|)a(?:\||$)"), r"`(?:^|\|)a(?:\||$)`");
        assert_eq!(quoted("a b"), "`a b`");
        assert_eq!(quoted(""), "``");
        assert_eq!(quoted("a`\"b"), "\"a`\\\"b\"");
        assert_eq!(quoted("^[^{]"), "`^[^{]`");
        assert_eq!(quoted("{$HOME}"), "`{$HOME}`");
    }

    #[test]
    fn lines_that_would_not_stay_inside_are_found() {
        assert_eq!(misfit("header X-Frame-Options DENY\nencode gzip"), None);
        assert_eq!(misfit("@a {\n\tpath /x\n}\nrespond @a \"}\" 403 # }"), None);
        assert_eq!(misfit("}\nroute {"), Some("closes a brace that it did not open"));
        assert_eq!(misfit("route {"), Some("opens a brace that it does not close"));
        assert_eq!(misfit("respond \"x"), Some("has a quote without a partner on its line"));
        assert_eq!(misfit("respond <<EOF\nx\nEOF"), Some("begins a heredoc, which is for whole files"));
    }
}
