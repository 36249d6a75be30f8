//! The modules of Python's standard library: which there are, which versions lack some, and which an interpreter may
//! have built in, so that no file shows them. <https://docs.python.org/3/py-modindex.html>

use super::Version;

/// Top-level modules of the standard library of any version from 3.7 on, in order.
#[rustfmt::skip]
const NAMES: [&str; 330] = [
    "__future__", "_abc", "_aix_support", "_android_support", "_apple_support", "_ast", "_asyncio", "_bisect",
    "_blake2", "_bootlocale", "_bootsubprocess", "_bz2", "_codecs", "_codecs_cn", "_codecs_hk",
    "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw", "_collections", "_collections_abc",
    "_colorize", "_compat_pickle", "_compression", "_contextvars", "_crypt", "_csv", "_ctypes", "_curses",
    "_curses_panel", "_datetime", "_dbm", "_decimal", "_dummy_thread", "_elementtree", "_frozen_importlib",
    "_frozen_importlib_external", "_functools", "_gdbm", "_hashlib", "_heapq", "_hmac", "_imp",
    "_interpchannels", "_interpqueues", "_interpreters", "_io", "_ios_support", "_json", "_locale", "_lsprof",
    "_lzma", "_markupbase", "_md5", "_msi", "_multibytecodec", "_multiprocessing", "_opcode", "_operator",
    "_osx_support", "_overlapped", "_pickle", "_posixshmem", "_posixsubprocess", "_py_abc", "_pydecimal",
    "_pyio", "_pyrepl", "_queue", "_random", "_remote_debugging", "_scproxy", "_sha1", "_sha256", "_sha3",
    "_sha512", "_signal", "_sitebuiltins", "_socket", "_sqlite3", "_sre", "_ssl", "_stat", "_statistics",
    "_string", "_strptime", "_struct", "_suggestions", "_symtable", "_sysconfig", "_thread",
    "_threading_local", "_tkinter", "_tokenize", "_tracemalloc", "_types", "_typing", "_uuid", "_warnings",
    "_weakref", "_weakrefset", "_winapi", "_zoneinfo", "_zstd", "abc", "aifc", "annotationlib", "antigravity",
    "argparse", "array", "ast", "asynchat", "asyncio", "asyncore", "atexit", "audioop", "base64", "bdb",
    "binascii", "binhex", "bisect", "builtins", "bz2", "cProfile", "calendar", "cgi", "cgitb", "chunk",
    "cmath", "cmd", "code", "codecs", "codeop", "collections", "colorsys", "compileall", "compression",
    "concurrent", "configparser", "contextlib", "contextvars", "copy", "copyreg", "crypt", "csv", "ctypes",
    "curses", "dataclasses", "datetime", "dbm", "decimal", "difflib", "dis", "distutils", "doctest",
    "dummy_threading", "email", "encodings", "ensurepip", "enum", "errno", "faulthandler", "fcntl", "filecmp",
    "fileinput", "fnmatch", "formatter", "fractions", "ftplib", "functools", "gc", "genericpath", "getopt",
    "getpass", "gettext", "glob", "graphlib", "grp", "gzip", "hashlib", "heapq", "hmac", "html", "http",
    "idlelib", "imaplib", "imghdr", "imp", "importlib", "inspect", "io", "ipaddress", "itertools", "json",
    "keyword", "lib2to3", "linecache", "locale", "logging", "lzma", "macpath", "mailbox", "mailcap", "marshal",
    "math", "mimetypes", "mmap", "modulefinder", "msilib", "msvcrt", "multiprocessing", "netrc", "nis",
    "nntplib", "nt", "ntpath", "nturl2path", "numbers", "opcode", "operator", "optparse", "os", "ossaudiodev",
    "parser", "pathlib", "pdb", "pickle", "pickletools", "pipes", "pkgutil", "platform", "plistlib", "poplib",
    "posix", "posixpath", "pprint", "profile", "pstats", "pty", "pwd", "py_compile", "pyclbr", "pydoc",
    "pydoc_data", "pyexpat", "queue", "quopri", "random", "re", "readline", "reprlib", "resource",
    "rlcompleter", "runpy", "sched", "secrets", "select", "selectors", "shelve", "shlex", "shutil", "signal",
    "site", "smtpd", "smtplib", "sndhdr", "socket", "socketserver", "spwd", "sqlite3", "sre", "sre_compile",
    "sre_constants", "sre_parse", "ssl", "stat", "statistics", "string", "stringprep", "struct", "subprocess",
    "sunau", "symbol", "symtable", "sys", "sysconfig", "syslog", "tabnanny", "tarfile", "telnetlib",
    "tempfile", "termios", "textwrap", "this", "threading", "time", "timeit", "tkinter", "token", "tokenize",
    "tomllib", "trace", "traceback", "tracemalloc", "tty", "turtle", "turtledemo", "types", "typing",
    "unicodedata", "unittest", "urllib", "uu", "uuid", "venv", "warnings", "wave", "weakref", "webbrowser",
    "winreg", "winsound", "wsgiref", "xdrlib", "xml", "xmlrpc", "zipapp", "zipfile", "zipimport", "zlib",
    "zoneinfo",
];

/// Modules without a file of Python: an interpreter may have them built in.
#[rustfmt::skip]
const COMPILED: [&str; 33] = [
    "array", "atexit", "audioop", "binascii", "builtins", "cmath", "errno", "faulthandler", "fcntl", "gc",
    "grp", "itertools", "marshal", "math", "mmap", "nis", "ossaudiodev", "parser", "posix", "pwd", "pyexpat",
    "readline", "resource", "select", "spwd", "sys", "syslog", "termios", "time", "unicodedata", "xxlimited",
    "xxsubtype", "zlib",
];

/// Modules that the standard library no longer has, each with the minor version of Python 3 that dropped it.
/// <https://peps.python.org/pep-0594/>
#[rustfmt::skip]
const REMOVED: [(&str, u8); 32] = [
    ("aifc", 13), ("asynchat", 12), ("asyncore", 12), ("audioop", 13), ("binhex", 11), ("cgi", 13), ("cgitb", 13),
    ("chunk", 13), ("crypt", 13), ("distutils", 12), ("dummy_threading", 9), ("formatter", 10), ("imghdr", 13), ("imp", 12),
    ("lib2to3", 13), ("macpath", 8), ("mailcap", 13), ("msilib", 13), ("nis", 13), ("nntplib", 13),
    ("ossaudiodev", 13), ("parser", 10), ("pipes", 13), ("smtpd", 12), ("sndhdr", 13), ("spwd", 13), ("sunau", 13),
    ("symbol", 10), ("telnetlib", 13), ("uu", 13), ("xdrlib", 13), ("_bootlocale", 10),
];

/// Modules that came later, each with the minor version of Python 3 that brought it.
const ADDED: [(&str, u8); 5] =
    [("annotationlib", 14), ("compression", 14), ("graphlib", 9), ("tomllib", 11), ("zoneinfo", 9)];

/// Whether a top-level module belongs to the standard library.
pub(super) fn has(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

/// Whether an interpreter may have a module built in.
pub(super) fn may_be_built_in(name: &str) -> bool {
    COMPILED.contains(&name) || name.starts_with('_') && has(name)
}

/// Why the standard library of this version has no such module, if it has none.
pub(super) fn absent(name: &str, version: Version) -> Option<String> {
    let of = |list: &[(&str, u8)]| list.iter().find(|(n, _)| *n == name).map(|(_, minor)| *minor);
    if version.major != 3 {
        return None;
    }
    if let Some(minor) = of(&REMOVED).filter(|minor| version.minor >= *minor) {
        return Some(format!("the standard library dropped it in Python 3.{minor}"));
    }
    let minor = of(&ADDED).filter(|minor| version.minor < *minor)?;
    Some(format!("the standard library has it from Python 3.{minor} on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_versions_differ() {
        assert!(NAMES.is_sorted());
        assert!(has("argparse") && has("sys") && !has("yaml"));
        let at = |minor| Version { major: 3, minor };
        assert!(absent("distutils", at(12)).is_some() && absent("distutils", at(11)).is_none());
        assert!(absent("tomllib", at(10)).is_some() && absent("tomllib", at(11)).is_none());
        assert!(may_be_built_in("math") && may_be_built_in("_socket") && !may_be_built_in("json"));
    }
}
