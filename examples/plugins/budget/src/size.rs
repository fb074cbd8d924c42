//! Sizes as podman-run(1) writes them: a number, and `b`, `k`, `m` or `g`, each 1024 of the one before.

/// In bytes; nothing where it is no size.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// As a person says it: in the largest unit of which there is one, to one place.
pub fn shown(bytes: u64) -> String {
    for (unit, factor) in [("g", 1_u64 << 30), ("m", 1 << 20), ("k", 1 << 10)] {
        if bytes >= factor {
            let tenths = bytes.saturating_mul(10) / factor;
            return if tenths % 10 == 0 {
                format!("{}{unit}", tenths / 10)
            } else {
                format!("{}.{}{unit}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{bytes}b")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_back() {
        for text in ["512m", "2g", "100k", "7b"] {
            assert_eq!(bytes(text).map(shown).as_deref(), Some(text));
        }
        assert_eq!(bytes("1536M").map(shown).as_deref(), Some("1.5g"));
        assert_eq!((bytes("half"), bytes("99999999999999999999g"), bytes("")), (None, None, None));
    }
}
