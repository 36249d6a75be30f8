//! Arguments of `verify` and `attest`.

use std::path::PathBuf;

use clap::Args;

use super::Common;

/// Verify the documents of a run: provenance, run header, receipt, security evidence, registry
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy verify --provenance packaging_provenance.json --run run.json\n  \
    seaworthy verify --run-id platform_20260213T093000Z --registry\n\n\
    With --run-id alone the documents are read from the contract's store (`evidence.store`, else `evidence.directory`) \
    under its keys. A file may also be an object, s3://BUCKET/KEY.\n\
    Without a signature, documents show that they agree, not who wrote them.\n\n\
    Exit codes: 0 pass, 1 fail, 2 could not decide")]
pub(in crate::cli) struct Verify {
    /// The packaging provenance. Without it, all documents are read by --run-id.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(in crate::cli) provenance: Option<PathBuf>,
    /// The run header, run.json.
    #[arg(long, value_name = "FILE", requires = "provenance", help_heading = "Input")]
    pub(in crate::cli) run: Option<PathBuf>,
    /// The build receipt.
    #[arg(long, value_name = "FILE", requires = "provenance", help_heading = "Input")]
    pub(in crate::cli) receipt: Option<PathBuf>,
    /// The security evidence.
    #[arg(long, value_name = "FILE", requires = "provenance", help_heading = "Input")]
    pub(in crate::cli) security: Option<PathBuf>,
    /// A signed statement: a DSSE envelope, verified with the contract's [[signature.keys]].
    #[arg(long, value_name = "FILE", requires = "provenance", help_heading = "Input")]
    pub(in crate::cli) attestation: Option<PathBuf>,
    /// Ask the registry what the tag resolves to.
    #[arg(long, env = "SEAWORTHY_REGISTRY", help_heading = "Input")]
    pub(in crate::cli) registry: bool,
    /// Use HTTP instead of HTTPS; the default for loopback registries.
    #[arg(long, env = "SEAWORTHY_PLAIN_HTTP", requires = "registry", help_heading = "Input")]
    pub(in crate::cli) plain_http: bool,
    /// Ask ECR and S3 at this address, such as that of a test account.
    #[arg(long, value_name = "URL", env = "SEAWORTHY_ENDPOINT_URL", help_heading = "Advanced")]
    pub(in crate::cli) endpoint_url: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) common: Common,
}

/// Write an in-toto statement (SLSA v1 provenance) from the documents, signed if a key is given
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    seaworthy attest --provenance packaging_provenance.json > statement.json\n  \
    seaworthy attest --provenance packaging_provenance.json \\\n    \
    --security security_secret_injection_checks.json \\\n    \
    --key build.pem -o packaging_provenance.dsse.json\n\n\
    A key is unencrypted PEM PKCS#8 (ECDSA on P-256, or Ed25519); its public half belongs in the contract:\n  \
    openssl genpkey -algorithm ed25519 -out build.pem && openssl pkey -in build.pem -pubout\n\n\
    Exit codes: 0 written, 2 not written")]
pub(in crate::cli) struct Attest {
    /// The packaging provenance.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(in crate::cli) provenance: PathBuf,
    /// The security evidence: its digest and verdict become a byproduct.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(in crate::cli) security: Option<PathBuf>,
    /// The private key; the answer is then a DSSE envelope.
    #[arg(long, value_name = "PEM", env = "SEAWORTHY_SIGNING_KEY_FILE", help_heading = "Signature")]
    pub(in crate::cli) key: Option<PathBuf>,
    /// The file to write; standard output without.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// The contract. Default: seaworthy.toml in the current directory, if there is one.
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CONTRACT", help_heading = "Policy")]
    pub(in crate::cli) contract: Option<PathBuf>,
}
