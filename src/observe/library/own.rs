//! The project's own packages: installed or not, they are no libraries.

use std::collections::BTreeSet;

/// Names of packages that the contract, the image's own configuration or the context name as the project's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPackages(BTreeSet<Vec<u8>>);

impl OwnPackages {
    /// The packages that a command starts: `python -m orders.cli`, `uvicorn orders.web:app`, `/usr/bin/orders-worker`,
    /// `node node_modules/orders/index.js`. Every word counts; one that names no installed package has no effect.
    pub fn add_command<'w>(&mut self, words: impl IntoIterator<Item = &'w str>) {
        for word in words.into_iter().flat_map(str::split_whitespace) {
            if word.starts_with('-') {
                continue;
            }
            let parts: Vec<&str> = word.split('/').filter(|p| !p.is_empty()).collect();
            for (at, part) in parts.iter().enumerate() {
                let last = at + 1 == parts.len();
                let library = at > 0
                    && matches!(
                        parts.get(at - 1),
                        Some(&("site-packages" | "dist-packages" | "node_modules"))
                    );
                if last || library {
                    self.add_name(part.split([':', '.']).next().unwrap_or_default());
                }
                if part.starts_with('@')
                    && library
                    && let Some(name) = parts.get(at + 1)
                {
                    self.add_name(&format!("{part}/{name}"));
                }
            }
        }
    }

    /// A package of this name is the project's own.
    pub fn add_name(&mut self, name: &str) {
        if !name.is_empty() {
            self.0.insert(normal(name.as_bytes()));
        }
    }

    /// Whether a package's name, as its directory has it, is one of them. A version after it does not matter.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        let name = normal(name.strip_suffix(b".py").unwrap_or(name));
        self.0.contains(&name)
    }
}

/// Python's and Cargo's tools write a name with hyphens, its directory has underscores (PEP 503).
fn normal(name: &[u8]) -> Vec<u8> {
    name.iter().map(|b| if *b == b'-' { b'_' } else { b.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::OwnPackages;

    #[test]
    fn commands_name_packages() {
        let own = |words: &[&str]| {
            let mut own = OwnPackages::default();
            own.add_command(words.iter().copied());
            own
        };
        assert!(own(&["python", "-m", "orders.cli"]).has(b"orders"));
        assert!(own(&["/usr/local/bin/order-worker", "--x"]).has(b"order_worker"));
        assert!(own(&["uvicorn", "orders.web:app"]).has(b"orders"));
        assert!(own(&["sh", "-c", "exec node /app/node_modules/@a/orders/x.js"]).has(b"@a/orders"));
        assert!(own(&["python", "/x/site-packages/orders/run.py"]).has(b"orders"));
        assert!(!own(&["python", "-m", "orders"]).has(b"requests"));
    }
}
