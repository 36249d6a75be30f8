//! What the detectors find and what they leave alone, measured on `corpus/secrets`: `make accuracy` prints recall and
//! precision and every miss and false alarm. Values are invented here, so that the corpus holds nothing that looks like
//! a secret.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use seaworthy::finding::{Confidence, Severity};
use seaworthy::rule::{Rule, Rules};
use seaworthy_detect::{FileKind, Piece, Scratch};
use serde::Deserialize;

/// The least recall and precision.
const LEAST: f64 = 0.98;

#[derive(Deserialize)]
struct Manifest {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    family: String,
    path: String,
    texts: Vec<String>,
}

/// A small generator (xorshift): the same values in every run.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..length).map(|_| char::from(alphabet[self.next(alphabet.len())])).collect()
    }
}

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const WORDS: [&str; 12] = [
    "harbour", "anchor", "summer", "copper", "window", "falcon", "silver", "thunder", "castle", "walnut",
    "mercury", "lantern",
];

/// A token: letters and digits, or hexadecimal.
fn token(random: &mut Random, class: usize) -> String {
    let alphabet = format!("{LETTERS}0123456789");
    match class % 3 {
        0 => random.text(&alphabet, 40),
        1 => random.text("0123456789abcdef", 40),
        _ => random.text(&alphabet, 24),
    }
}

/// A random UUID (version 4).
fn uuid(random: &mut Random) -> String {
    let mut digits = |length| random.text("0123456789abcdef", length);
    format!("{}-{}-4{}-8{}-{}", digits(8), digits(4), digits(3), digits(3), digits(12))
}

/// A password of one of seven classes that people choose.
fn password(random: &mut Random, class: usize) -> String {
    let word = |random: &mut Random| WORDS[random.next(WORDS.len())].to_owned();
    let capital = |word: &str| {
        format!("{}{}", word.get(..1).unwrap_or_default().to_uppercase(), word.get(1..).unwrap_or_default())
    };
    let year = |random: &mut Random| (1990 + random.next(36)).to_string();
    match class % 7 {
        0 => {
            let tail = random.text("0123456789", 2);
            random.text(LETTERS, 10) + &tail
        }
        1 => random.text(&format!("{LETTERS}0123456789!%^*-+~"), 12) + "k7",
        2 => capital(&word(random)) + &year(random) + "!",
        3 => {
            capital(&word(random)).replace('e', "3").replace('a', "4").replace('o', "0")
                + &random.text("123456789", 2)
        }
        4 => random.text("abcdefghijklmnopqrstuvwxyz", 12),
        5 => format!("{}-{}{}", word(random), word(random), random.next(9) + 1),
        _ => word(random) + &random.text("123456789", 4),
    }
}

/// The text with its values put in, and the value that must be found.
fn fill(template: &str, random: &mut Random, class: usize) -> (String, Option<String>) {
    let signs = format!("{LETTERS}0123456789!@#%^&*(-_=+)");
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let values = [
        ("{token}", token(random, class)),
        ("{password}", password(random, class)),
        // With signs, as prose and comparisons want it; with digits, as code in quotes does.
        ("{signed}", password(random, 1 + class % 2)),
        ("{chosen}", password(random, [0, 3, 6][class % 3])),
        ("{long}", random.text(LETTERS, 43)),
        ("{signs}", random.text(&signs, 50)),
        ("{hex}", random.text("0123456789abcdef", 64)),
        ("{uuid}", uuid(random)),
        ("{base64}", base64(&random.text(LETTERS, 18))),
        ("{blob}", random.text(&format!("{LETTERS}0123456789+/"), 4000)),
        ("{hexblob}", random.text("0123456789abcdef", 4000)),
    ];
    let mut text = template.to_owned();
    let mut wanted = None;
    for (hole, value) in values {
        if text.contains(hole) {
            text = text.replace(hole, &value);
            wanted = Some(value);
        }
    }
    (text, wanted)
}

/// The severity that a finding of this rule has, as the checks rate it.
fn rated(rule: &Rule, adjust: i8) -> Severity {
    if rule.confidence.adjusted(adjust) == Confidence::Low { rule.severity.lowered() } else { rule.severity }
}

/// What is found: detector, severity, value.
fn scan(
    rules: &Rules,
    scratch: &mut Scratch,
    kind: FileKind,
    bytes: &[u8],
) -> Vec<(String, Severity, Vec<u8>)> {
    let mut found = Vec::new();
    rules.engine().scan(&Piece::whole(bytes).of_kind(kind), scratch, &mut |hit| {
        let rule = rules.get(hit.detector).unwrap();
        found.push((rule.detector.id.clone(), rated(rule, hit.adjust), hit.secret.to_vec()));
    });
    found
}

#[derive(Default)]
struct Tally {
    wanted: usize,
    found: BTreeMap<Severity, usize>,
    clean: usize,
    alarms: usize,
}

/// Templates in which a vendor's token stands without a name that gives it away.
const PLACES: &[(&str, &str)] = &[
    ("srv/a.py", "client = Client(\"{}\")\n"),
    ("srv/a.env", "VALUE={}\n"),
    ("srv/a.yaml", "value: {}\n"),
    ("srv/a.json", "{\"v\": \"{}\"}"),
    ("srv/a.js", "f('{}', 1)\n"),
    ("srv/a.txt", "{}\n"),
    ("srv/a.xml", "<v>{}</v>\n"),
    ("srv/a.md", "| `{}` |\n"),
    ("srv/a.sh", "run --with {} now\n"),
    ("srv/a.toml", "v = '{}'\n"),
    ("srv/a.tsv", "a\t{}\tb\n"),
    ("srv/a.log", "[{}]\n"),
];

#[test]
#[expect(clippy::too_many_lines, reason = "one table, printed as it is counted")]
fn recall_and_precision() {
    let rules = Rules::load(&[], &[]).unwrap();
    let mut scratch = Scratch::default();
    let mut random = Random(0x5ea_0012_9e37_79b9);
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut faults = String::new();
    let read = |name: &str| -> Manifest {
        let path = format!("{}/corpus/secrets/{name}", env!("CARGO_MANIFEST_DIR"));
        toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    for case in read("positives.toml").case {
        let kind = FileKind::of_path(case.path.as_bytes());
        let tally = tallies.entry(case.family.clone()).or_default();
        for template in &case.texts {
            for class in 0..21 {
                let (text, value) = fill(template, &mut random, class);
                let value = value.unwrap();
                let best = scan(&rules, &mut scratch, kind, text.as_bytes())
                    .into_iter()
                    .filter(|(_, _, secret)| {
                        let secret = String::from_utf8_lossy(secret);
                        secret.contains(&value) || value.contains(&*secret)
                    })
                    .map(|(_, severity, _)| severity)
                    .max();
                tally.wanted += 1;
                if let Some(severity) = best {
                    *tally.found.entry(severity).or_default() += 1;
                }
                if best.is_none_or(|severity| severity < Severity::Medium) {
                    writeln!(faults, "missed   {}: {}", case.path, text.trim_end()).unwrap();
                }
            }
        }
    }
    for (index, rule) in rules.all().iter().enumerate().filter(|(_, r)| r.detector.boundary) {
        let tally = tallies.entry("tokens of services".to_owned()).or_default();
        for secret in example_secrets(&rules, &mut scratch, index) {
            for (path, place) in PLACES {
                let text = place.replace("{}", &secret);
                let kind = FileKind::of_path(path.as_bytes());
                let best = scan(&rules, &mut scratch, kind, text.as_bytes())
                    .into_iter()
                    .filter(|(id, _, _)| *id == rule.detector.id)
                    .map(|(_, severity, _)| severity)
                    .max();
                tally.wanted += 1;
                if let Some(severity) = best {
                    *tally.found.entry(severity).or_default() += 1;
                }
                if best.is_none_or(|severity| severity < rule.severity.min(Severity::Medium)) {
                    writeln!(faults, "missed   {} in {place:?}", rule.detector.id).unwrap();
                }
            }
        }
    }
    for case in read("negatives.toml").case {
        let kind = FileKind::of_path(case.path.as_bytes());
        let tally = tallies.entry(case.family.clone()).or_default();
        for template in &case.texts {
            let (text, _) = fill(template, &mut random, 0);
            tally.clean += 1;
            let alarms = scan(&rules, &mut scratch, kind, text.as_bytes());
            let alarms: Vec<_> =
                alarms.into_iter().filter(|(_, severity, _)| *severity >= Severity::Medium).collect();
            if let Some((id, _, _)) = alarms.first() {
                tally.alarms += 1;
                let shown: String = text.trim_end().chars().take(120).collect();
                writeln!(faults, "alarm    {id} in {}: {shown}", case.path).unwrap();
            }
        }
    }
    println!(
        "{:28} {:>6} {:>6} {:>8} {:>7} {:>9} {:>6} {:>7}",
        "family", "wanted", "low", "medium", "high", "critical", "clean", "alarms"
    );
    let (mut wanted, mut found, mut alarms) = (0, 0, 0);
    for (family, tally) in &tallies {
        let at = |severity| tally.found.get(&severity).copied().unwrap_or(0);
        println!(
            "{family:28} {:>6} {:>6} {:>8} {:>7} {:>9} {:>6} {:>7}",
            tally.wanted,
            at(Severity::Low),
            at(Severity::Medium),
            at(Severity::High),
            at(Severity::Critical),
            tally.clean,
            tally.alarms
        );
        wanted += tally.wanted;
        found += tally.found.iter().filter(|(s, _)| **s >= Severity::Medium).map(|(_, n)| n).sum::<usize>();
        alarms += tally.alarms;
    }
    let share = |part: usize, whole: usize| {
        f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole.max(1)).unwrap())
    };
    let (recall, precision) = (share(found, wanted), share(found, found + alarms));
    print!("{faults}");
    println!("recall {recall:.4}, precision {precision:.4} at medium and above");
    assert!(
        recall >= LEAST && precision >= LEAST,
        "recall {recall:.4}, precision {precision:.4}, least {LEAST}"
    );
}

/// The secrets that a detector finds in its own examples.
fn example_secrets(rules: &Rules, scratch: &mut Scratch, index: usize) -> Vec<String> {
    let mut secrets = Vec::new();
    for example in rules.get(index).unwrap().examples() {
        rules.engine().scan(&Piece::whole(example.as_bytes()), scratch, &mut |hit| {
            if hit.detector == index {
                secrets.push(String::from_utf8_lossy(hit.secret).into_owned());
            }
        });
    }
    secrets
}

/// Surroundings that say nothing of what stands in them.
const BARE: [(&str, &str, &str); 5] = [
    ("alone on a line", "srv/a.txt", "{}\n"),
    ("in a sentence", "srv/a.md", "The old one was {} until May.\n"),
    ("in a list", "srv/a.json", "[\"x\", \"{}\"]\n"),
    ("in an assignment", "srv/a.env", "VALUE={}\n"),
    ("in code", "srv/a.py", "client = connect(\"{}\", timeout=30)\n"),
];

/// The least number of formats that are known wherever they stand.
const LEAST_BARE: usize = 450;

/// The secret of each detector, out of its own examples, in [`BARE`] surroundings: found there by that detector or
/// another that knows more than a name. Detectors that say what else must stand with the secret are not found so; that
/// list is thus complete, and holds none too many.
#[test]
fn secrets_are_found_bare_or_the_detector_says_what_they_need() {
    let rules = Rules::load(&[], &[]).unwrap();
    let mut scratch = Scratch::default();
    let (mut faults, mut bare) = (Vec::new(), std::collections::BTreeSet::new());
    for (index, rule) in rules.all().iter().enumerate() {
        let id = &rule.detector.id;
        let secrets = example_secrets(&rules, &mut scratch, index);
        let mut missed = |secret: &str| -> Vec<&str> {
            let lost = BARE.iter().filter(|(_, path, place)| {
                let kind = FileKind::of_path(path.as_bytes());
                let found = scan(&rules, &mut scratch, kind, place.replace("{}", secret).as_bytes());
                !found.iter().any(|(other, severity, _)| {
                    let known = other == id || !rules.find(other).unwrap().generic;
                    known && *severity >= rule.severity.min(Severity::Medium)
                })
            });
            lost.map(|(name, _, _)| *name).collect()
        };
        match &rule.only_with {
            None => {
                bare.insert(&rule.detector.pattern);
                let lost: Vec<_> = secrets.iter().flat_map(|secret| missed(secret)).collect();
                if !lost.is_empty() {
                    faults.push(format!(
                        "{id}: not found {}, and names nothing that it needs",
                        lost.join(", ")
                    ));
                }
            }
            Some(reason) => {
                if secrets.iter().any(|secret| missed(secret).is_empty()) {
                    faults.push(format!("{id}: found bare, but is said to need {reason}"));
                }
            }
        }
    }
    println!("{} formats are found bare, of {} detectors", bare.len(), rules.all().len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(bare.len() >= LEAST_BARE, "{} formats are found bare", bare.len());
}

/// What stands where a token would, or is cut out of one: a token's prefix with a reference or filler behind it, a token
/// cut short, a token in the midst of base64.
#[test]
fn near_misses_of_tokens_stay_silent() {
    let rules = Rules::load(&[], &[]).unwrap();
    let mut scratch = Scratch::default();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut faults = Vec::new();
    let tokens = rules.all().iter().enumerate().filter(|(_, r)| r.detector.boundary && r.only_with.is_none());
    for (index, rule) in tokens {
        let Some(secret) = example_secrets(&rules, &mut scratch, index).into_iter().next() else { continue };
        let Some(prefix) = rule.detector.anchors.iter().find(|anchor| secret.starts_with(*anchor)) else {
            continue;
        };
        let rest = secret.len() - prefix.len();
        // A name in code that begins as a token does, and is as long.
        let named = |joint: &str| {
            let words = ["production", "database", "connection", "settings", "v2", "handler", "default"];
            words.repeat(1 + rest / 20).join(joint).chars().take(rest).collect::<String>()
        };
        // Digits or a sign in these prefixes make a name look mixed.
        let mixed = ["gitlab-runner-registration-token", "openshift-token", "asaas-api-key"];
        let names = if mixed.contains(&rule.detector.id.as_str()) { &[][..] } else { &["_", "-"] };
        let names = names.iter().map(|joint| format!("x = \"{prefix}{}\"\n", named(joint)));
        let texts = [
            format!("x = \"{prefix}${{TOKEN}}\"\n"),
            format!("x = \"{prefix}{}\"\n", "x".repeat(rest)),
            format!("x = \"{prefix}your-token-goes-here\"\n"),
            format!("x = \"{prefix}<your token>\"\n"),
            format!("x = \"{}\"\n", secret.get(..prefix.len() + rest.min(8) / 2).unwrap_or_default()),
            format!("see `{prefix}...` in the documentation\n"),
        ];
        for text in texts.into_iter().chain(names) {
            let found = scan(&rules, &mut scratch, FileKind::Unknown, text.as_bytes());
            if let Some((other, _, _)) = found.iter().find(|(_, severity, _)| *severity >= Severity::Medium) {
                faults.push(format!("{}: {other} is found in {}", rule.detector.id, text.trim_end()));
            }
        }
    }
    for _ in 0..64 {
        let blob = random.text(&format!("{LETTERS}0123456789+/"), 60_000);
        let found = scan(&rules, &mut scratch, FileKind::Unknown, blob.as_bytes());
        if let Some((other, _, _)) = found.first() {
            faults.push(format!("{other} is found in random base64"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Every token of a fixed form, where nothing or something else than text stands around it.
#[test]
fn tokens_are_found_wherever_they_stand() {
    let rules = Rules::load(&[], &[]).unwrap();
    let mut scratch = Scratch::default();
    let mut missed = Vec::new();
    for (index, rule) in rules.all().iter().enumerate().filter(|(_, r)| r.detector.boundary) {
        let mut secret = Vec::new();
        let mut bare = false;
        rules.engine().scan(&Piece::whole(rule.examples()[0].as_bytes()), &mut scratch, &mut |hit| {
            if hit.detector == index && secret.is_empty() {
                secret = hit.secret.to_vec();
                // A pattern that wants a sign before the token cannot do without one.
                bare = hit.matched.start == hit.span.start;
            }
        });
        // LaunchDarkly's keys look like names of packages, so their place has a say.
        if !bare || rule.detector.id == "launchdarkly-key" {
            continue;
        }
        let length = u8::try_from(secret.len()).unwrap_or(u8::MAX);
        let marshal = if length < u8::MAX {
            vec![b'z' | 0x80, length]
        } else {
            [&b"u"[..], &u32::try_from(secret.len()).unwrap().to_le_bytes()].concat()
        };
        let places: [(&str, Vec<u8>, Vec<u8>); 7] = [
            ("start of the file", Vec::new(), b"\n".to_vec()),
            ("end of the file", b"x = ".to_vec(), Vec::new()),
            ("Python constant", marshal, b"c\x00\x00\x00".to_vec()),
            (
                "Go string table",
                b"goroutine running on other thread".to_vec(),
                b"net/http: request canceled".to_vec(),
            ),
            ("SQLite row", b"\x00\x00\x01\x04\x17\x5dci".to_vec(), b"\x02\x03".to_vec()),
            ("escaped line end", b"{\"x\": \"a\\n".to_vec(), b"\\n\"}".to_vec()),
            ("percent escape", b"https://x/?a=1%20".to_vec(), b"%20b".to_vec()),
        ];
        for (name, before, after) in places {
            let bytes = [before.as_slice(), &secret, &after].concat();
            let found = scan(&rules, &mut scratch, FileKind::Unknown, &bytes);
            if !found.iter().any(|(id, _, _)| *id == rule.detector.id) {
                missed.push(format!("{}: {name}", rule.detector.id));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
