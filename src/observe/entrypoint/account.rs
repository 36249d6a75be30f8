//! The user that a container runs as, and what it may do with files: `User` of the image's configuration, looked up in
//! the image's `/etc/passwd` and `/etc/group` as runc does.
//! <https://github.com/opencontainers/image-spec/blob/main/config.md>

use super::Fault;
use super::filesystem::Filesystem;
use seaworthy_image::TreeNode;
use seaworthy_image::layer::EntryKind;

/// A user with its groups, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    user: u32,
    groups: Vec<u32>,
    /// The table that may tell of more groups, or of others, and was not kept.
    unseen: Option<&'static str>,
    /// As the configuration has it.
    name: String,
}

/// What is done with a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// To run a file, to go through a directory.
    Execute,
}

/// Why a user cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoAccount {
    /// The image has none of that name: no container starts.
    Unknown(String),
    /// Its tables were not kept.
    Unclear(String),
}

impl From<NoAccount> for Fault {
    fn from(no: NoAccount) -> Self {
        match no {
            NoAccount::Unknown(what) => Self::Broken(what),
            NoAccount::Unclear(what) => Self::Unclear(what),
        }
    }
}

/// Why a user may not do something with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    what: String,
    /// Whether that is so whatever is not known of the user.
    is_certain: bool,
}

impl Refused {
    /// The reason in a sentence.
    pub(crate) fn told(self, sentence: impl Fn(&str) -> String) -> Self {
        Self { what: sentence(&self.what), ..self }
    }

    /// The reason, and whether it is certain.
    pub(crate) fn into_parts(self) -> (String, bool) {
        (self.what, self.is_certain)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused.is_certain {
            true => Self::Broken(refused.what),
            false => Self::Unclear(refused.what),
        }
    }
}

/// A line of `/etc/passwd` or `/etc/group`.
struct Line<'t> {
    name: &'t str,
    number: Option<u32>,
    /// What follows: the group's number, or the members.
    next: &'t str,
}

/// The lines of a table; nothing if its content was not kept. A table that is not there has none.
fn table<'a>(filesystem: &Filesystem<'a>, path: &[u8]) -> Option<Vec<Line<'a>>> {
    let Some((_, node)) = filesystem.tree.file(path) else { return Some(Vec::new()) };
    let text = filesystem.content(node).text()?;
    let line = |line: &'a str| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|n| !n.is_empty())?;
        let number = fields.nth(1)?.parse().ok();
        Some(Line { name, number, next: fields.next().unwrap_or_default() })
    };
    Some(text.lines().filter_map(line).collect())
}

impl Account {
    /// The account of `User`: a name or a number, with a group after a colon or without.
    pub(crate) fn of(filesystem: &Filesystem<'_>, setting: &str) -> Result<Self, NoAccount> {
        let setting = setting.trim();
        if setting.is_empty() {
            return Ok(Self { name: "root".to_owned(), ..Self::default() });
        }
        let (user, group) = setting.split_once(':').map_or((setting, None), |(u, g)| (u, Some(g)));
        let group = group.filter(|g| !g.is_empty());
        let unclear = |table: &str| NoAccount::Unclear(format!("the content of {table} was not kept"));
        let passwd = || table(filesystem, b"etc/passwd").ok_or_else(|| unclear("/etc/passwd"));
        let groups = || table(filesystem, b"etc/group").ok_or_else(|| unclear("/etc/group"));
        let mut account = Self { name: setting.to_owned(), ..Self::default() };
        let users = passwd();
        let is_it = |line: &&Line<'_>| {
            line.name == user || user.parse::<u32>().is_ok_and(|number| line.number == Some(number))
        };
        let known = users.as_deref().ok().and_then(|lines| lines.iter().find(is_it));
        let name = match (known, user.parse()) {
            (Some(line), _) => {
                account.user = line.number.unwrap_or_default();
                account.groups.extend(line.next.parse::<u32>());
                line.name
            }
            // A number without a line in the table is of the group of root.
            (None, Ok(number)) => {
                account.user = number;
                account.groups.push(0);
                account.unseen = users.is_err().then_some("/etc/passwd");
                user
            }
            (None, Err(_)) => {
                users?;
                let what = format!("the image's user {user} is not in its /etc/passwd");
                return Err(NoAccount::Unknown(what));
            }
        };
        match group.map(|g| (g, g.parse())) {
            Some((_, Ok(number))) => (account.groups, account.unseen) = (vec![number], None),
            Some((group, Err(_))) => {
                let lines = groups()?;
                let found = lines.iter().find(|l| l.name == group).and_then(|l| l.number);
                let what =
                    || NoAccount::Unknown(format!("the image's group {group} is not in its /etc/group"));
                (account.groups, account.unseen) = (vec![found.ok_or_else(what)?], None);
            }
            None => {
                let lines = groups().unwrap_or_else(|_| {
                    account.unseen.get_or_insert("/etc/group");
                    Vec::new()
                });
                let is_member = |l: &&Line<'_>| l.next.split(',').any(|member| member == name);
                account.groups.extend(lines.iter().filter(is_member).filter_map(|l| l.number));
            }
        }
        Ok(account)
    }

    /// The directory that the table of users gives it, as runc sets `HOME`.
    pub(crate) fn home(&self, filesystem: &Filesystem<'_>) -> Option<String> {
        let Some((_, node)) = filesystem.tree.file(b"etc/passwd") else {
            return (self.user == 0).then(|| "/root".to_owned());
        };
        let text = filesystem.content(node).text()?;
        let own = self.user.to_string();
        let is_it = |line: &&str| line.split(':').nth(2) == Some(own.as_str());
        let home = text.lines().find(is_it).and_then(|line| line.split(':').nth(5));
        home.map(str::to_owned).or_else(|| (self.user == 0).then(|| "/root".to_owned()))
    }

    /// The user's number; 0 is root.
    pub(crate) fn number(&self) -> u32 {
        self.user
    }

    /// Whether it may do something with a file or directory; nothing if that hangs on groups that were not seen. Root
    /// may read all, and run what anyone may run.
    pub(crate) fn may(&self, access: Access, node: &TreeNode) -> Option<bool> {
        let bit = match access {
            Access::Read => 4,
            Access::Execute => 1,
        };
        if self.user == 0 {
            let is_any = node.kind == EntryKind::Directory || access == Access::Read;
            return Some(is_any || node.mode & 0o111 != 0);
        }
        let may = |shift: u32| node.mode >> shift & bit != 0;
        if node.owner.user == self.user {
            return Some(may(6));
        }
        if self.groups.contains(&node.owner.group) && self.unseen != Some("/etc/passwd") {
            return Some(may(3));
        }
        // Of the group or not: where both may do the same, nothing hangs on it.
        (self.unseen.is_none() || may(3) == may(0)).then_some(may(0))
    }

    /// Why it cannot do something with what is at `path`, if it cannot or may not: what stands in its way.
    pub(crate) fn refused(
        &self,
        filesystem: &Filesystem<'_>,
        access: Access,
        path: &[u8],
    ) -> Option<Refused> {
        let Ok((real, node)) = filesystem.tree.resolve(path) else { return None };
        let shown = |path: &[u8]| format!("/{}", String::from_utf8_lossy(path));
        let way = filesystem.tree.way(path);
        let closed = way.iter().find(|(_, node)| self.may(Access::Execute, node) != Some(true));
        if let Some((directory, node)) = closed {
            let what = format!(
                "reach {}: the directory {} is of user {} with mode {:04o}",
                shown(&real),
                shown(directory),
                node.owner.user,
                node.mode
            );
            return Some(self.refusal(&what, self.may(Access::Execute, node)));
        }
        let node = node.filter(|node| self.may(access, node) != Some(true))?;
        let what = match access {
            Access::Read => "read",
            Access::Execute => "execute",
        };
        let user = node.owner.user;
        let what = format!("{what} {}, which is of user {user} with mode {:04o}", shown(&real), node.mode);
        Some(self.refusal(&what, self.may(access, node)))
    }

    fn refusal(&self, what: &str, may: Option<bool>) -> Refused {
        let open = |table| {
            format!(
                "whether the user {} can {what}, is not known: the content of {table} was not kept",
                self.name
            )
        };
        let what = match (may, self.unseen) {
            (None, Some(table)) => open(table),
            _ => format!("the user {} cannot {what}", self.name),
        };
        Refused { what, is_certain: may.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_image::layer::Owner;

    #[test]
    fn groups_that_were_not_seen_leave_open_what_hangs_on_them() {
        let node = |mode: u32, user: u32, group: u32| TreeNode {
            kind: EntryKind::File,
            mode,
            owner: Owner { user, group },
            size: 1,
            layer: 0,
            ordinal: 0,
        };
        let account = |unseen| Account { user: 5, groups: vec![0], unseen, name: "5".to_owned() };
        let of = |unseen, node: &TreeNode| account(unseen).may(Access::Read, node);
        for (node, seen, without_groups) in [
            (node(0o640, 5, 7), Some(true), Some(true)),
            (node(0o644, 0, 7), Some(true), Some(true)),
            (node(0o640, 0, 7), Some(false), None),
            (node(0o600, 0, 7), Some(false), Some(false)),
            (node(0o640, 0, 0), Some(true), Some(true)),
        ] {
            assert_eq!(of(None, &node), seen, "{node:?}");
            assert_eq!(of(Some("/etc/group"), &node), without_groups, "{node:?}");
        }
        // Without its line in /etc/passwd its own group is not known, either.
        assert_eq!(of(Some("/etc/passwd"), &node(0o640, 0, 0)), None);
        let refusal = account(Some("/etc/group")).refusal("read /x", None);
        assert!(matches!(Fault::from(refusal), Fault::Unclear(why) if why.contains("/etc/group")));
    }
}
