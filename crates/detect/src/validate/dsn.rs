//! Passwords in connection strings and URLs.

use super::chosen::{holds_term, is_made_up, is_personal, is_worded};
use super::placeholder::is_placeholder;
use super::shape::Texture;
use super::words::{contains_ignore_case, reads_like_words};
use super::{Adjust, Candidate, Judgement};

/// Words that documentation uses for a password in a URL, beyond what [`is_placeholder`] knows.
#[rustfmt::skip]
const SAMPLE_PASSWORDS: &[&[u8]] = &[
    b"tiger", b"opensesame", b"xyzzy", b"not-re%40l", b"he%2f%2fo", b"pa#ss", b"pw", b"pwd", b"passwd",
    b"psw", b"hunter2", b"letmein", b"s3cret", b"s3cr3t", b"p4ssw0rd", b"passw0rd", b"p@ssw0rd",
    b"p@ssword", b"p%40ssw0rd", b"p%40ssword", b"pass%40word", b"hackme", b"blow", b"ftp", b"pass:word",
    b"bar",
];

/// Hosts that stand for any host.
#[rustfmt::skip]
const SAMPLE_HOSTS: &[&[u8]] = &[
    b"host", b"hostname", b"server", b"servername", b"myhost", b"myserver", b"somehost", b"yourhost",
    b"some.host", b"dbhost", b"db_host", b"proxyhost", b"proxyserver", b"foo", b"bar", b"foo.com",
    b"bar.com", b"foo.bar", b"domain", b"domain.com", b"domain.tld", b"mydomain.com", b"test", b"test.com",
    b"my.host", b"hostspec", b"address", b"site", b"site.com", b"somewhere", b"somewhere.org",
    b"company.com", b"pypi.company.com", b"server.com", b"host.com", b"myproxy.com", b"a", b"x", b"h",
];

/// Users that stand for any user.
#[rustfmt::skip]
const SAMPLE_USERS: &[&[u8]] = &[
    b"user", b"username", b"usr", b"login", b"me", b"myuser", b"scott", b"joe", b"someuser", b"foo",
    b"name", b"someone", b"youruser", b"u", b"a", b"uid", b"userid", b"user1", b"user_name", b"dbuser",
    b"db_user", b"proxyuser",
];

/// Users that services come with: beside them stand real passwords as often as samples.
const SERVICE_USERS: &[&[u8]] = &[
    b"sa",
    b"root",
    b"default",
    b"admin",
    b"postgres",
    b"mysql",
    b"redis",
    b"rabbitmq",
    b"superset",
    b"elastic",
    b"neo4j",
    b"system",
];

/// Passwords so common that on a local service they protect nothing.
#[rustfmt::skip]
const TRIVIAL: &[&[u8]] = &[
    b"postgres", b"admin", b"root", b"mysql", b"mongo", b"redis", b"123456", b"1234", b"12345", b"qwerty",
    b"rabbitmq", b"guest",
    // What Kamailio is compiled with.
    b"kamailiorw", b"kamailioro",
];

/// The password of a database, cache or queue URL, of a JDBC URL or of an ADO.NET string.
pub(crate) fn dsn_password(candidate: &Candidate<'_>) -> Judgement {
    judge_login(&Login::read(candidate))
}

/// The password in the userinfo of any other URL. One that holds a raw `/` looks like a port and a path
/// (`http://host:port/a@b`), so it must look random.
pub(crate) fn url_userinfo(candidate: &Candidate<'_>) -> Judgement {
    let login = Login::read(candidate);
    if login.password.contains(&b'/') {
        let digits = login.password.iter().filter(|b| b.is_ascii_digit()).count();
        let wordy = digits * 4 < login.password.len() && reads_like_words(login.password);
        if login.user.is_empty() || wordy || Texture::of(login.password) < Texture::Mixed {
            return Judgement::Reject;
        }
    }
    judge_login(&login)
}

/// Who logs in where, as far as the match shows.
pub(crate) struct Login<'a> {
    /// Empty if not shown.
    pub(crate) user: &'a [u8],
    /// The candidate's secret.
    pub(crate) password: &'a [u8],
    /// Without port; empty if not shown.
    pub(crate) host: &'a [u8],
}

impl<'a> Login<'a> {
    /// Reads user and host around the secret.
    fn read(candidate: &Candidate<'a>) -> Self {
        let (head, tail) = candidate.around_secret();
        let tail = if tail.is_empty() { candidate.after() } else { tail };
        let after_scheme =
            head.windows(3).position(|window| window == b"://").and_then(|at| head.get(at + 3..));
        if let Some(host) = tail.strip_prefix(b"@") {
            let user = after_scheme.unwrap_or_default();
            let user = user.strip_suffix(b":").unwrap_or(user);
            return Login { user, password: candidate.secret, host: until(host, b":/?#,;\"'`<> \t\r\n)\\") };
        }
        let host = match after_scheme {
            Some(rest) => until(rest, b":/?#,;\"' "),
            None => [&b"server="[..], b"data source=", b"host=", b"addr="]
                .iter()
                .find_map(|key| {
                    let found = value_of(head, key).or_else(|| value_of(tail, key));
                    found.or_else(|| value_of(same_line(candidate.before()), key))
                })
                .unwrap_or_default(),
        };
        let user = [&b"user id="[..], b"uid=", b"username=", b"user="]
            .iter()
            .find_map(|key| value_of(head, key).or_else(|| value_of(tail, key)))
            .unwrap_or_default();
        Login { user, password: candidate.secret, host }
    }
}

/// What stands on the match's line before it.
fn same_line(before: &[u8]) -> &[u8] {
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    before.get(start..).unwrap_or_default()
}

/// The bytes before the first of `stops`.
fn until<'a>(text: &'a [u8], stops: &[u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| stops.contains(byte)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The value of a `key=` in a list of parameters. `key` is lower case and ends with `=`.
fn value_of<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(key.len()).position(|window| window.eq_ignore_ascii_case(key))?;
    Some(until(text.get(at + key.len()..)?, b";&\"' ,"))
}

/// Judges the password by its own look, and by whom and what it stands beside.
pub(crate) fn judge_login(login: &Login<'_>) -> Judgement {
    let Login { user, password, mut host } = *login;
    if has_template(host) && is_fixed(user, password) {
        host = b"";
    }
    let one_of = |list: &[&[u8]], text: &[u8]| list.iter().any(|known| known.eq_ignore_ascii_case(text));
    let texture = Texture::of(password);
    if password.len() < 3
        || is_placeholder(password)
        || has_template(password)
        // What is random is no template, whatever stands beside it.
        || texture != Texture::Random && (has_template(user) || has_template(host))
        || one_of(SAMPLE_PASSWORDS, password)
        || is_port_and_path(password)
        || user == b"scott" && password.starts_with(b"tiger")
    {
        return Judgement::Reject;
    }
    let local = is_local(host);
    if local && user == b"guest" && password == b"guest" {
        // RabbitMQ's default login, which works over loopback only.
        return Judgement::Reject;
    }
    if texture != Texture::Random
        && (is_sample_host(host)
            || !user.is_empty()
                && is_placeholder(user)
                && !(one_of(SERVICE_USERS, user) && is_personal_or_joined(password))
                && !(is_personal(password) && !holds_term(password) && !contains_ignore_case(user, b"test"))
                && texture == Texture::Words
                && !has_digit_within(password))
    {
        return Judgement::Reject;
    }
    // What people make up stands beside a user of a sample's name, too: `user1:anchor71@`.
    let is_chosen = is_personal(password) && !holds_term(password);
    if texture == Texture::Words && one_of(SAMPLE_USERS, user) && !is_chosen {
        return Judgement::Reject;
    }
    if is_sample_host(host) {
        return Judgement::lower("the host is an example");
    }
    let trivial = one_of(TRIVIAL, password) || password.eq_ignore_ascii_case(user);
    match texture {
        // A documented default that opens nothing but what runs beside it. Where no host is shown, it may be any.
        _ if trivial && local && !host.is_empty() => Judgement::Reject,
        _ if trivial => Judgement::lower("a trivial password"),
        Texture::Words if !is_personal_or_joined(password) => {
            Judgement::lower("the password is made of words")
        }
        Texture::Random if !local => Judgement::noted(Adjust::Raise, host_note(host)),
        _ => Judgement::keep(),
    }
}

/// Whether user and password are literals of their own beside a host that is filled in:
/// `f"postgres://pilot:Monsun2023@{host}/berth"`.
fn is_fixed(user: &[u8], password: &[u8]) -> bool {
    let sample = SAMPLE_USERS.iter().any(|known| known.eq_ignore_ascii_case(user));
    (is_personal(password) || is_made_up(password)) && !user.is_empty() && !sample && !is_placeholder(user)
}

/// What people make passwords of, in one piece or joined.
fn is_personal_or_joined(password: &[u8]) -> bool {
    is_personal(password) || is_worded(password)
}

/// Where the password opens a door: host names are no secrets.
fn host_note(host: &[u8]) -> String {
    let shown: String =
        host.iter().take(80).filter(|byte| byte.is_ascii_graphic()).map(|byte| char::from(*byte)).collect();
    format!("for host {shown}")
}

/// `8080/path`: what stands between a host and a later `@` in a URL without a login.
fn is_port_and_path(password: &[u8]) -> bool {
    let Some(slash) = password.iter().position(|byte| *byte == b'/') else { return false };
    password.iter().take(slash).all(u8::is_ascii_digit)
}

/// Variables and format directives in a part of a URL.
fn has_template(text: &[u8]) -> bool {
    let pair = |open: u8, close: u8| text.contains(&open) && text.contains(&close);
    pair(b'{', b'}')
        || pair(b'<', b'>')
        || pair(b'[', b']') && text.first() == Some(&b'[') && !text.contains(&b':')
        || text.starts_with(b"$")
        || text.starts_with(b"@")
        || text.starts_with(b":")
        || text.contains(&b'(')
        || text.windows(2).any(|two| matches!(two, b"**" | b".." | b"\" " | b"' " | b"#{"))
        // A directive; before a letter or a digit it may stand in a password by chance.
        || text.windows(2).enumerate().any(|(at, two)| {
            matches!(two, b"%s" | b"%v" | b"%d")
                && !text.get(at + 2).is_some_and(u8::is_ascii_alphanumeric)
        })
}

/// Whether a digit stands between letters, which no word and no numbered word has.
fn has_digit_within(password: &[u8]) -> bool {
    let first = password.iter().position(u8::is_ascii_alphabetic);
    let last = password.iter().rposition(u8::is_ascii_alphabetic);
    let inner = first.zip(last).and_then(|(first, last)| password.get(first..last)).unwrap_or_default();
    inner.iter().any(u8::is_ascii_digit)
}

/// The loopback host, or none.
fn is_local(host: &[u8]) -> bool {
    host.is_empty()
        || host.eq_ignore_ascii_case(b"localhost")
        || host.starts_with(b"127.")
        || host == b"0.0.0.0"
        || host.starts_with(b"[::1")
}

/// RFC 2606's example names and the like.
fn is_sample_host(host: &[u8]) -> bool {
    SAMPLE_HOSTS.iter().any(|known| known.eq_ignore_ascii_case(host))
        || contains_ignore_case(host, b"example")
        || host.ends_with(b".domain.com")
        || host.ends_with(b".invalid")
        || host.ends_with(b".test")
        // `mq`, `es`: services of a compose file.
        || host.len() > 2 && is_placeholder(host)
}
