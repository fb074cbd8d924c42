//! Percent-encoding, RFC 3986: the same for every plugin that writes a URL, and as rick does it with a secret's value.

use std::fmt::Write as _;

/// Everything but the unreserved characters, and those of `also`, as bytes in hexadecimal.
pub fn percent_encoded(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if character.is_ascii_alphanumeric() || "-._~".contains(character) || also.contains(character) {
            out.push(character);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> String {
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            if byte == b'%' {
                let digits = [bytes.next().expect("a digit"), bytes.next().expect("a digit")];
                let digits = std::str::from_utf8(&digits).expect("digits");
                out.push(u8::from_str_radix(digits, 16).expect("a hexadecimal number"));
            } else {
                out.push(byte);
            }
        }
        String::from_utf8(out).expect("UTF-8")
    }

    proptest! {
        #[test]
        fn a_percent_encoded_name_comes_back(name in "\\PC*") {
            let encoded = percent_encoded(&name, "");
            prop_assert!(encoded.chars().all(|character| character.is_ascii_alphanumeric() || "-._~%".contains(character)));
            prop_assert_eq!(decoded(&encoded), name);
        }
    }
}
