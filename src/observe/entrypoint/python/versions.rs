//! Names of modules of the standard library that came with a version of Python, or went with one, among those that
//! programs use most. <https://docs.python.org/3/whatsnew/>

use super::Version;

/// Names that came later: module, minor version of Python 3, names.
#[rustfmt::skip]
const ADDED: [(&str, u8, &str); 51] = [
    ("typing", 8, "Final Literal Protocol SupportsIndex TypedDict final get_args get_origin runtime_checkable"),
    ("typing", 9, "Annotated"),
    ("typing", 10, "Concatenate ParamSpec ParamSpecArgs ParamSpecKwargs TypeAlias TypeGuard is_typeddict"),
    ("typing", 11, "LiteralString Never NotRequired Required Self TypeVarTuple Unpack assert_never assert_type clear_overloads dataclass_transform get_overloads reveal_type"),
    ("typing", 12, "TypeAliasType override"),
    ("typing", 13, "NoDefault ReadOnly TypeIs get_protocol_members is_protocol"),
    ("enum", 11, "EnumCheck EnumType FlagBoundary ReprEnum StrEnum global_enum member nonmember property verify"),
    ("datetime", 11, "UTC"),
    ("itertools", 10, "pairwise"),
    ("itertools", 12, "batched"),
    ("functools", 8, "cached_property singledispatchmethod"),
    ("functools", 9, "cache"),
    ("contextlib", 10, "aclosing"),
    ("contextlib", 11, "chdir"),
    ("asyncio", 9, "to_thread"),
    ("asyncio", 11, "Barrier Runner TaskGroup Timeout timeout timeout_at"),
    ("asyncio", 12, "eager_task_factory"),
    ("asyncio", 13, "QueueShutDown"),
    ("dataclasses", 10, "KW_ONLY"),
    ("types", 9, "GenericAlias"),
    ("types", 10, "EllipsisType NoneType NotImplementedType UnionType"),
    ("types", 12, "get_original_bases"),
    ("inspect", 10, "get_annotations"),
    ("inspect", 12, "markcoroutinefunction"),
    ("importlib.resources", 9, "as_file files"),
    ("collections.abc", 12, "Buffer"),
    ("warnings", 13, "deprecated"),
    ("copy", 13, "replace"),
    ("math", 8, "comb dist isqrt perm prod"),
    ("math", 9, "lcm nextafter ulp"),
    ("math", 11, "cbrt exp2"),
    ("math", 12, "sumprod"),
    ("math", 13, "fma"),
    ("statistics", 8, "NormalDist fmean geometric_mean multimode quantiles"),
    ("statistics", 10, "correlation covariance linear_regression"),
    ("statistics", 13, "kde"),
    ("random", 9, "randbytes"),
    ("random", 12, "binomialvariate"),
    ("shlex", 8, "join"),
    ("hashlib", 11, "file_digest"),
    ("logging", 11, "getLevelNamesMapping"),
    ("logging", 12, "getHandlerByName getHandlerNames"),
    ("os", 9, "waitstatus_to_exitcode"),
    ("os", 13, "process_cpu_count"),
    ("sys", 10, "orig_argv stdlib_module_names"),
    ("sys", 11, "exception"),
    ("queue", 13, "ShutDown"),
    ("unittest", 8, "IsolatedAsyncioTestCase"),
    ("unittest.mock", 8, "AsyncMock"),
    ("unittest.mock", 13, "ThreadingMock"),
    ("ast", 9, "unparse"),
];

/// Names that are gone from a version on.
#[rustfmt::skip]
const REMOVED: [(&str, u8, &str); 18] = [
    ("collections", 10, "AsyncIterable AsyncIterator Awaitable ByteString Callable Collection Container Coroutine Generator Hashable ItemsView Iterable Iterator KeysView Mapping MappingView MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized ValuesView"),
    ("asyncio", 11, "coroutine"),
    ("inspect", 11, "formatargspec getargspec"),
    ("fractions", 9, "gcd"),
    ("time", 8, "clock"),
    ("base64", 9, "decodestring encodestring"),
    ("cgi", 8, "escape"),
    ("platform", 8, "dist linux_distribution popen"),
    ("sys", 9, "getcheckinterval setcheckinterval"),
    ("unittest", 13, "findTestCases getTestCaseNames makeSuite"),
    ("locale", 12, "format"),
    ("locale", 13, "resetlocale"),
    ("ssl", 12, "match_hostname wrap_socket"),
    ("configparser", 12, "SafeConfigParser"),
    ("pkgutil", 12, "ImpImporter ImpLoader"),
    ("importlib", 12, "find_loader"),
    ("importlib.util", 12, "module_for_loader set_loader set_package"),
    ("xml.etree", 9, "cElementTree"),
];

/// Why a module of the standard library has no such name in this version, if it has none.
pub(super) fn lacks(module: &str, name: &str, version: Version) -> Option<String> {
    if version.major != 3 {
        return None;
    }
    let of = |list: &[(&str, u8, &str)]| {
        let mut own = list.iter().filter(|(m, _, _)| *m == module);
        own.find(|(_, _, names)| names.split(' ').any(|n| n == name)).map(|(_, minor, _)| *minor)
    };
    if let Some(minor) = of(&REMOVED).filter(|minor| version.minor >= *minor) {
        return Some(format!("Python 3.{minor} dropped it, and the image has 3.{}", version.minor));
    }
    let minor = of(&ADDED).filter(|minor| version.minor < *minor)?;
    Some(format!("it is there from Python 3.{minor} on, and the image has 3.{}", version.minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_and_go() {
        let lacks = |module, name, minor| lacks(module, name, Version { major: 3, minor }).is_some();
        assert!(lacks("typing", "override", 11) && !lacks("typing", "override", 12));
        assert!(lacks("collections", "Mapping", 10) && !lacks("collections", "Mapping", 9));
        assert!(!lacks("collections", "OrderedDict", 13) && !lacks("own", "override", 8));
    }
}
