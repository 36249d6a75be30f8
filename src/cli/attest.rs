//! `seaworthy attest`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use p256::elliptic_curve::zeroize::Zeroizing;

use super::args::Attest as Arguments;
use super::output::Terminal;
use super::{Failure, environment, output};
use crate::check::Masker;
use crate::rule::Rules;
use crate::store;
use seaworthy_provenance::{
    Content, DocumentKind, Field, Mistake, SigningKey, dsse, read_fields, read_named, read_security,
    statement,
};
use seaworthy_source::LineIndex;
use seaworthy_source::input::{self, InputError};

/// Largest key file, in bytes: PKCS#8 keys of both kinds have a few hundred.
const KEY_BYTES: u64 = 64 << 10;

pub(super) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<u8, Failure> {
    // An unknown field's name may be a secret in the wrong place, and so may be a path.
    let rules = Arc::new(Rules::load(&[], &[])?);
    terminal.learn(&rules);
    let masker = Masker::new(&rules);
    attest(arguments, &masker, terminal).map_err(|Failure(message)| Failure(masker.mask(&message)))
}

fn attest(arguments: &Arguments, masker: &Masker<'_>, terminal: &Terminal) -> Result<u8, Failure> {
    if let Some(output) = &arguments.output {
        let inputs = [Some(&arguments.provenance), arguments.security.as_ref(), arguments.key.as_ref()];
        let inputs: Vec<PathBuf> = inputs.into_iter().flatten().cloned().collect();
        output::spare([output.as_path()], &inputs)?;
    }
    let contract = environment::contract_at(arguments.contract.as_deref(), terminal)?;
    // The key first: what is wrong with it is told before anything is written.
    let key = arguments.key.as_deref().map(read_key).transpose()?;
    let provenance = read_document(DocumentKind::Provenance, &arguments.provenance)?;
    let documents = &contract.documents;
    let reading = read_fields(&provenance, &documents.provenance, &documents.profiles);
    refuse(&arguments.provenance, &provenance, &reading.mistakes)?;
    let security =
        arguments.security.as_deref().map(|path| read_document(DocumentKind::Security, path)).transpose()?;
    let mut evidence = None;
    if let (Some(bytes), Some(path)) = (&security, arguments.security.as_deref()) {
        let security = read_security(bytes);
        refuse(path, bytes, &security.reading.mistakes)?;
        let verdict = security.reading.fields.text(Field::Verdict).unwrap_or("FAIL").to_owned();
        evidence = Some((bytes.as_slice(), verdict));
    }
    let evidence = evidence.as_ref().map(|(bytes, verdict)| (*bytes, verdict.as_str()));
    let mut out = statement::build(&reading.fields, &provenance, evidence);
    // A statement is published, so what looks like a secret does not get in.
    let text = String::from_utf8_lossy(&out);
    if masker.mask(&text) != text {
        return Err(Failure(format!(
            "{}: a field holds what looks like a secret; nothing was written",
            arguments.provenance.display()
        )));
    }
    match &key {
        Some(key) => out = dsse::sign(&out, key)?,
        None => out.push(b'\n'),
    }
    match &arguments.output {
        Some(path) => {
            store::write_atomically(path, &out)?;
            terminal.note(&format!("statement: {}", path.display()));
        }
        None => terminal.print_own(&out)?,
    }
    Ok(0)
}

fn read_document(kind: DocumentKind, path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |reason: &str| Err(Failure(format!("{}: {reason}", path.display())));
    match read_named(kind, path).content {
        Content::Bytes(bytes) => Ok(bytes),
        Content::Missing | Content::NotGiven => fail("no such file"),
        Content::TooLarge { limit } => fail(&format!("larger than {limit} bytes")),
        Content::Unreadable(reason) => fail(&reason),
    }
}

fn refuse(path: &Path, bytes: &[u8], mistakes: &[Mistake]) -> Result<(), Failure> {
    if mistakes.is_empty() {
        return Ok(());
    }
    let lines = LineIndex::new(bytes);
    let tell = |m: &Mistake| {
        format!("{}:{}: {} {}", path.display(), lines.position(m.span.start), m.pointer, m.message)
    };
    Err(Failure(mistakes.iter().map(tell).collect::<Vec<_>>().join("\n")))
}

/// The texts of the errors are ours: what a parser knows of a key stays with it.
fn read_key(path: &Path) -> Result<SigningKey, Failure> {
    let fail = |reason: String| Failure(format!("{}: {reason}", path.display()));
    let bytes = Zeroizing::new(input::read_file(path, KEY_BYTES).map_err(|error| match error {
        InputError::TooLarge(_) => fail("this is no PEM key for ECDSA on P-256 or for Ed25519".into()),
        other => fail(other.to_string()),
    })?);
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    SigningKey::parse(text).map_err(|e| fail(e.to_string()))
}
