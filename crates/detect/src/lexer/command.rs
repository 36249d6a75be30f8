//! Command lines: the word that a program takes as its password or token, in an option or as an operand.

use std::ops::Range;

use super::scan::name_around;
use super::{Place, Quoting, Reading};
use crate::validate::{NameKind, name_kind};

/// The longest command that is read, in bytes.
const MAX_COMMAND: usize = 600;

/// The most words of a command that are read.
const MAX_WORDS: usize = 48;

/// How a program takes a secret.
#[derive(Clone, Copy)]
enum Form {
    /// The word after one of these options, or the rest of the option's own word: `-P secret`, `-psecret`.
    Option(&'static [&'static str]),
    /// The rest of the option's own word alone: `7z a -psecret`.
    Attached(&'static [&'static str]),
    /// What stands behind this byte in an option's word: `-U user%secret`.
    Pair(&'static [&'static str], u8),
    /// The operand with this number behind one of these subcommands: `add_user NAME secret`.
    Operand(&'static [&'static str], usize),
    /// The operand behind a name that is a secret's, behind these subcommands: `configure set NAME secret`.
    Named(&'static [&'static str]),
    /// The word behind one of these words: `nmcli … password secret`.
    Setting(&'static [&'static str]),
    /// The second word behind one of these options, where the first is the name of a secret: `--arg password secret`.
    Argument(&'static [&'static str]),
    /// What stands behind this byte in the operand with this number behind one of these subcommands.
    OperandPair(&'static [&'static str], usize, u8),
    /// The last of the operands, in a mode that takes the password as one: `htpasswd -b FILE USER secret`.
    Batch,
    /// The password among the options of a mount: `-o username=x,password=secret`.
    MountOptions,
    /// The operand behind the name of a share: `\\\\host\\share secret`.
    Share,
}

/// Programs, and how they take a secret.
#[rustfmt::skip]
const PROGRAMS: &[(&[&str], &[Form])] = &[
    (&["keytool", "jarsigner", "apksigner"],
        &[Form::Option(&["-storepass", "-keypass", "-srcstorepass", "-deststorepass", "-srckeypass", "-destkeypass"])]),
    (&["zip", "unzip"], &[Form::Option(&["-P"])]),
    (&["7z", "7za", "7zr", "7zz", "rar", "unrar"], &[Form::Attached(&["-p", "-hp"])]),
    (&["curl"], &[Form::Pair(&["-u", "--user", "-U", "--proxy-user"], b':'), Form::Option(&["--oauth2-bearer", "--pass"])]),
    (&["htpasswd"], &[Form::Batch]),
    (&["mysqladmin", "mariadb-admin"], &[Form::Operand(&["password"], 1)]),
    (&["rabbitmqctl"], &[Form::Operand(&["add_user", "change_password", "authenticate_user"], 2)]),
    (&["sqlplus", "sqlldr", "expdp", "impdp", "rman"], &[Form::OperandPair(&[], 1, b'/')]),
    (&["ldapadd", "ldapmodify", "ldapdelete", "ldappasswd", "ldapwhoami", "ldapsearch"], &[Form::Option(&["-w"])]),
    (&["npm", "pnpm", "yarn", "aws", "git"], &[Form::Named(&["set"])]),
    (&["consul", "etcdctl"], &[Form::Named(&["put"])]),
    (&["poetry"], &[Form::Named(&["config"])]),
    (&["composer"], &[Form::Named(&["config"])]),
    (&["bundle"], &[Form::OperandPair(&["config", "set"], 2, b':')]),
    (&["dotnet", "nuget"], &[Form::Option(&["-p", "-Password", "-ApiKey", "-k"])]),
    (&["lftp"], &[Form::Pair(&["-u"], b',')]),
    (&["ncftpput", "ncftpget", "ncftpls"], &[Form::Option(&["-p"])]),
    (&["smbclient", "rpcclient", "smbget", "smbmap"], &[Form::Pair(&["-U", "--user"], b'%')]),
    (&["ipmitool"], &[Form::Option(&["-P"])]),
    (&["snmpwalk", "snmpget", "snmpset", "snmpbulkwalk", "snmptrap"], &[Form::Option(&["-A", "-X"])]),
    (&["mosquitto_pub", "mosquitto_sub", "mosquitto_rr"], &[Form::Option(&["-P", "--pw"])]),
    (&["psexec", "psexec.exe"], &[Form::Option(&["-p"])]),
    (&["schtasks", "schtasks.exe"], &[Form::Option(&["/rp", "/p"])]),
    (&["cmdkey", "cmdkey.exe"], &[Form::Attached(&["/pass:"])]),
    (&["net", "net.exe"], &[Form::Share, Form::Operand(&["user"], 2)]),
    (&["gh"], &[Form::Option(&["--body", "-b"])]),
    (&["influx"], &[Form::Option(&["-password", "-p"])]),
    (&["mount", "mount.cifs"], &[Form::MountOptions]),
    (&["openssl"], &[Form::Attached(&["pass:"])]),
    (&["grafana-cli"], &[Form::Operand(&["reset-admin-password"], 1)]),
    (&["nmcli"], &[Form::Setting(&["password", "wifi-sec.psk", "802-11-wireless-security.psk"])]),
    (&["jq", "yq"], &[Form::Argument(&["--arg"])]),
    (&["wget", "svn", "git-svn", "hg"], &[Form::Option(&["--password", "--http-password", "--ftp-password"])]),
    (&["x11vnc", "gpg", "gpg2"], &[Form::Option(&["-passwd", "--passphrase"])]),
];

/// The secret that the program whose name covers the anchor is given on its command line.
pub(super) fn command(place: &Place<'_>, sink: &mut dyn FnMut(Reading)) {
    let bytes = place.bytes;
    let Some(name) = name_around(bytes, place.start) else { return };
    let program = &bytes[name.clone()];
    let known = PROGRAMS.iter().find(|(names, _)| names.iter().any(|n| n.as_bytes() == program));
    let Some((_, forms)) = known else { return };
    let previous = name.start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    if !matches!(
        previous,
        None | Some(
            b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'\\' | b'"' | b'\'' | b'`' | b'(' | b';' | b'&' | b'|'
        )
    ) {
        return;
    }
    let line = words(bytes, name.end);
    let mut out = |secret: Range<usize>| {
        let secret = unquoted(bytes, secret);
        // `@file` reads the value from a file.
        if !secret.is_empty() && bytes[secret.start] != b'@' {
            let matched = name.start..secret.end;
            sink(Reading { matched, name: name.clone(), secret, quoting: Quoting::Certain });
        }
    };
    for form in *forms {
        form.read(bytes, &line, &mut out);
    }
}

impl Form {
    fn read(self, bytes: &[u8], line: &[Range<usize>], out: &mut dyn FnMut(Range<usize>)) {
        match self {
            Self::Option(names) => {
                options(bytes, line, names, &mut |value| out(value));
            }
            Self::Attached(names) => {
                for word in line {
                    let word = unquoted(bytes, word.clone());
                    let rest = names.iter().find_map(|n| after(bytes, &word, n)).filter(|r| !r.is_empty());
                    rest.into_iter().for_each(&mut *out);
                }
            }
            Self::Pair(names, mark) => {
                options(bytes, line, names, &mut |value| {
                    behind(bytes, &unquoted(bytes, value), mark).into_iter().for_each(&mut *out);
                });
            }
            Self::Operand(subcommands, number) => {
                operand(bytes, line, subcommands, number).into_iter().for_each(out);
            }
            Self::OperandPair(subcommands, number, mark) => {
                let word = operand(bytes, line, subcommands, number).map(|word| unquoted(bytes, word));
                let pair = word.and_then(|word| behind(bytes, &word, mark));
                // `user/secret@database`.
                let pair = pair.map(|p| match bytes[p.clone()].iter().rposition(|b| *b == b'@') {
                    Some(at) if mark == b'/' => p.start..p.start + at,
                    _ => p,
                });
                pair.into_iter().for_each(out);
            }
            Self::Setting(names) => {
                let is_name =
                    |pair: &&[Range<usize>]| names.iter().any(|n| n.as_bytes() == &bytes[pair[0].clone()]);
                line.windows(2).filter(is_name).for_each(|pair| out(pair[1].clone()));
            }
            Self::Argument(options) => {
                let is_secret = |three: &&[Range<usize>]| {
                    options.iter().any(|o| o.as_bytes() == &bytes[three[0].clone()])
                        && name_kind(&bytes[unquoted(bytes, three[1].clone())]) == NameKind::Secret
                };
                line.windows(3).filter(is_secret).for_each(|three| out(three[2].clone()));
            }
            Self::Named(subcommands) => named(bytes, line, subcommands).into_iter().for_each(out),
            Self::Batch => {
                let flags =
                    line.iter().filter(|w| bytes[w.start] == b'-').flat_map(|w| &bytes[w.start..w.end]);
                let flags: Vec<u8> = flags.copied().collect();
                let operands: Vec<_> = line.iter().filter(|w| bytes[w.start] != b'-').collect();
                let wanted = if flags.contains(&b'n') { 2 } else { 3 };
                if flags.contains(&b'b') && operands.len() == wanted {
                    out(operands[wanted - 1].clone());
                }
            }
            Self::Share => {
                let share = line.iter().position(|w| bytes[w.clone()].starts_with(b"\\\\"));
                let rest = share.and_then(|at| line.get(at + 1..)).unwrap_or_default();
                rest.iter().find(|w| bytes[w.start] != b'/').cloned().into_iter().for_each(out);
            }
            Self::MountOptions => {
                options(bytes, line, &["-o"], &mut |value| {
                    for key in [&b"password="[..], b"pass="] {
                        let text = &bytes[value.clone()];
                        let Some(at) = text.windows(key.len()).position(|w| w == key) else { continue };
                        let start = value.start + at + key.len();
                        let length =
                            bytes[start..value.end].iter().take_while(|b| !b",\"'".contains(b)).count();
                        return out(start..start + length);
                    }
                });
            }
        }
    }
}

/// The words of a command from `at` to its end: the end of the line, or what separates commands. A line that ends with
/// a backslash goes on.
fn words(bytes: &[u8], at: usize) -> Vec<Range<usize>> {
    let end = (at + MAX_COMMAND).min(bytes.len());
    let mut found = Vec::new();
    let mut i = at;
    while i < end && found.len() < MAX_WORDS {
        match bytes[i] {
            b' ' | b'\t' => i += 1,
            b'\\' if matches!(bytes.get(i + 1), Some(b'\n')) => i += 2,
            b'\\' if bytes.get(i + 1..i + 3) == Some(b"\r\n") => i += 3,
            b'"' | b'\'' if ends_word(bytes.get(i + 1)) => break,
            b'\n' | b'\r' | 0 | b'|' | b';' | b'&' | b'<' | b'>' | b')' | b'#' => break,
            _ => {
                let word = i..word_end(bytes, i, end);
                i = word.end.max(i + 1);
                found.push(word);
            }
        }
    }
    found
}

/// Whether nothing more of a word follows.
fn ends_word(next: Option<&u8>) -> bool {
    next.is_none_or(|b| *b <= b' ' || matches!(b, b'|' | b';' | b'&' | b')' | b']' | b','))
}

/// Where the word that begins at `at` ends; quotes hold what they hold.
fn word_end(bytes: &[u8], at: usize, end: usize) -> usize {
    let mut quote = None;
    let mut i = at;
    while i < end {
        let byte = bytes[i];
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) if matches!(byte, b'\n' | 0) => return i,
            Some(_) => {}
            // One that closes what began before the command.
            None if matches!(byte, b'"' | b'\'') && i > at && ends_word(bytes.get(i + 1)) => return i,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if byte <= b' ' || matches!(byte, b'|' | b';' | b'&' | b'<' | b'>' | b')' | b'`') => {
                return i;
            }
            None => {}
        }
        i += 1;
    }
    end
}

/// Without quotes at both ends, and without one that closes what began before the command.
fn unquoted(bytes: &[u8], word: Range<usize>) -> Range<usize> {
    let text = &bytes[word.clone()];
    match (text.first(), text.last()) {
        (Some(open @ (b'"' | b'\'')), Some(close)) if text.len() >= 2 && open == close => {
            word.start + 1..word.end - 1
        }
        // `pass:"$value"` has a pair of its own.
        (_, Some(close @ (b'"' | b'\''))) if text.iter().filter(|b| b == &close).count() % 2 == 1 => {
            word.start..word.end - 1
        }
        _ => word,
    }
}

/// The values of options of these names: in the next word, behind `=`, or (of one letter) in the option's own word.
fn options(bytes: &[u8], line: &[Range<usize>], names: &[&str], out: &mut dyn FnMut(Range<usize>)) {
    for (at, word) in line.iter().enumerate() {
        for name in names {
            let Some(rest) = after(bytes, word, name) else { continue };
            if rest.is_empty() {
                let next = line.get(at + 1).filter(|next| bytes[next.start] != b'-');
                next.cloned().into_iter().for_each(&mut *out);
            } else if bytes[rest.start] == b'=' {
                out(rest.start + 1..rest.end);
            } else if name.len() == 2 {
                out(unquoted(bytes, rest));
            }
            break;
        }
    }
}

/// What follows `prefix` in a word.
fn after(bytes: &[u8], word: &Range<usize>, prefix: &str) -> Option<Range<usize>> {
    let text = bytes.get(word.clone())?;
    text.starts_with(prefix.as_bytes()).then(|| word.start + prefix.len()..word.end)
}

/// What stands behind the first `mark` in a word.
fn behind(bytes: &[u8], word: &Range<usize>, mark: u8) -> Option<Range<usize>> {
    let at = bytes.get(word.clone())?.iter().position(|b| *b == mark)?;
    (at > 0).then(|| word.start + at + 1..word.end)
}

/// The operand with this number (from one) behind the last of these subcommands that stands; options are none.
fn operand(bytes: &[u8], line: &[Range<usize>], subcommands: &[&str], number: usize) -> Option<Range<usize>> {
    let is_sub = |word: &Range<usize>| subcommands.iter().any(|s| s.as_bytes() == &bytes[word.clone()]);
    let start = match line.iter().rposition(is_sub) {
        Some(at) => at + 1,
        None if subcommands.is_empty() => 0,
        None => return None,
    };
    let is_option = |w: &&Range<usize>| {
        bytes[w.start] == b'-' || bytes[w.start] == b'/' && !bytes[w.start + 1..w.end].contains(&b'/')
    };
    let (mut left, mut rest) = (number, line.get(start..)?.iter());
    rest.find(|word| {
        left -= usize::from(!is_option(word) && left > 0);
        left == 0
    })
    .cloned()
}

/// The last operand of a command that sets a value, if the name before it is a secret's: that of a setting, of a login
/// of a package manager, or the last part of a path.
fn named(bytes: &[u8], line: &[Range<usize>], subcommands: &[&str]) -> Option<Range<usize>> {
    let sub = line.iter().position(|w| subcommands.iter().any(|s| s.as_bytes() == &bytes[w.clone()]))?;
    let operands: Vec<_> = line.get(sub + 1..)?.iter().filter(|w| bytes[w.start] != b'-').collect();
    let key = unquoted(bytes, (*operands.first()?).clone());
    let key = &bytes[key];
    let own = key.rsplit(|b| matches!(b, b'/' | b':')).next().unwrap_or(key);
    let login = [
        &b"http-basic."[..],
        b"pypi-token.",
        b"github-oauth.",
        b"gitlab-token.",
        b"gitlab-oauth.",
        b"bearer.",
    ]
    .iter()
    .any(|start| key.starts_with(start));
    let is_secret = login || name_kind(own) == NameKind::Secret || matches!(own, b"_auth" | b"_authToken");
    let wanted = if key.starts_with(b"http-basic.") { 3 } else { 2 };
    (is_secret && operands.len() == wanted).then(|| operands[wanted - 1].clone())
}
