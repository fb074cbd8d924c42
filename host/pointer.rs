//! JSON pointers: <https://www.rfc-editor.org/rfc/rfc6901>.

/// The steps of a pointer, unescaped; `None` where it is no pointer.
pub fn steps(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    let unescaped = |step: &str| if step.contains('~') { step.replace("~1", "/").replace("~0", "~") } else { step.to_owned() };
    Some(rest.split('/').map(unescaped).collect())
}

/// A pointer from steps.
pub fn join<'a>(steps: impl IntoIterator<Item = &'a str>) -> String {
    let mut pointer = String::new();
    for step in steps {
        pointer.push('/');
        pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_steps_come_back(steps in proptest::collection::vec(".*", 0..5)) {
            let pointer = super::join(steps.iter().map(String::as_str));
            prop_assert_eq!(super::steps(&pointer), Some(steps));
        }
    }
}
