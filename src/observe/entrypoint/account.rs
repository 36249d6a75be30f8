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
    /// As the configuration has it.
    name: String,
}

/// What is done with a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// To run a file, to go through a folder.
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
                user
            }
            (None, Err(_)) => {
                users?;
                let what = format!("the image's user {user} is not in its /etc/passwd");
                return Err(NoAccount::Unknown(what));
            }
        };
        match group.map(|g| (g, g.parse())) {
            Some((_, Ok(number))) => account.groups = vec![number],
            Some((group, Err(_))) => {
                let lines = groups()?;
                let found = lines.iter().find(|l| l.name == group).and_then(|l| l.number);
                let what =
                    || NoAccount::Unknown(format!("the image's group {group} is not in its /etc/group"));
                account.groups = vec![found.ok_or_else(what)?];
            }
            None => {
                let lines = groups().unwrap_or_default();
                let is_member = |l: &&Line<'_>| l.next.split(',').any(|member| member == name);
                account.groups.extend(lines.iter().filter(is_member).filter_map(|l| l.number));
            }
        }
        Ok(account)
    }

    /// Whether it may do something with a file or folder. Root may read all, and run what anyone may run.
    pub(crate) fn may(&self, access: Access, node: &TreeNode) -> bool {
        let bit = match access {
            Access::Read => 4,
            Access::Execute => 1,
        };
        if self.user == 0 {
            let is_any = node.kind == EntryKind::Directory || access == Access::Read;
            return is_any || node.mode & 0o111 != 0;
        }
        let shift = match () {
            () if node.owner.user == self.user => 6,
            () if self.groups.contains(&node.owner.group) => 3,
            () => 0,
        };
        node.mode >> shift & bit != 0
    }

    /// Why it cannot do something with what is at `path`, if it cannot: what stands in its way.
    pub(crate) fn refused(&self, filesystem: &Filesystem<'_>, access: Access, path: &[u8]) -> Option<String> {
        let Ok((real, node)) = filesystem.tree.resolve(path) else { return None };
        let shown = |path: &[u8]| format!("/{}", String::from_utf8_lossy(path));
        let way = filesystem.tree.way(path);
        let closed = way.iter().find(|(_, node)| !self.may(Access::Execute, node));
        if let Some((folder, node)) = closed {
            return Some(format!(
                "the user {} cannot reach {}: the directory {} is of user {} with mode {:04o}",
                self.name,
                shown(&real),
                shown(folder),
                node.owner.user,
                node.mode
            ));
        }
        let node = node.filter(|node| !self.may(access, node))?;
        let what = match access {
            Access::Read => "read",
            Access::Execute => "execute",
        };
        Some(format!(
            "the user {} cannot {what} {}, which is of user {} with mode {:04o}",
            self.name,
            shown(&real),
            node.owner.user,
            node.mode
        ))
    }
}
