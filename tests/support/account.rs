//! An account of ours on loopback, for what moto lacks: it answers what a well-kept account would, but for the calls
//! that a test has other plans with.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One call to the account.
#[derive(Clone, Debug)]
pub struct Call {
    /// `service:Action`, as permissions name it.
    pub name: String,
    /// The body: JSON, or a form.
    pub body: String,
    /// How many calls of this name came before.
    pub before: usize,
}

/// What is answered instead of what the account would: status and body. Nothing: the account's own answer.
pub type Reaction = Option<(u16, String)>;

/// The account 111122223333 in eu-west-1.
pub struct Account {
    pub endpoint: String,
    log: Arc<Mutex<Log>>,
}

/// What was heard.
#[derive(Default)]
struct Log {
    calls: Vec<String>,
    keys: BTreeSet<String>,
}

impl Account {
    /// Serves until the test's process ends.
    pub fn start(reaction: impl Fn(&Call) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Log::default()));
        let (reaction, heard) = (Arc::new(reaction), Arc::clone(&log));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (reaction, log) = (Arc::clone(&reaction), Arc::clone(&heard));
                std::thread::spawn(move || serve(&stream, &*reaction, &log));
            }
        });
        Self { endpoint, log }
    }

    /// The names of all calls so far.
    pub fn calls(&self) -> Vec<String> {
        self.log.lock().unwrap().calls.clone()
    }

    /// The access keys that calls were signed with.
    pub fn keys(&self) -> Vec<String> {
        self.log.lock().unwrap().keys.iter().cloned().collect()
    }

    /// How often a call was made.
    pub fn count(&self, name: &str) -> usize {
        self.calls().iter().filter(|call| *call == name).count()
    }
}

fn serve(stream: &TcpStream, reaction: &dyn Fn(&Call) -> Reaction, log: &Mutex<Log>) -> Option<()> {
    let mut input = BufReader::new(stream);
    let (mut length, mut target, mut service, mut key) = (0, String::new(), String::new(), String::new());
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    loop {
        let mut header = String::new();
        input.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "x-amz-target" => target = value.rsplit('.').next()?.trim().to_owned(),
            // Credential=KEY/DATE/REGION/SERVICE/aws4_request
            "authorization" => {
                let mut parts = value.split_once("Credential=")?.1.split('/');
                (key, service) = (parts.next()?.to_owned(), parts.nth(2)?.to_owned());
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    if target.is_empty() {
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="))?;
        target = action.to_owned();
    }
    let name = format!("{service}:{target}");
    let before = {
        let mut log = log.lock().unwrap();
        log.calls.push(name.clone());
        log.keys.insert(key);
        log.calls.iter().filter(|call| **call == name).count() - 1
    };
    let call = Call { name, body, before };
    let (status, body) = reaction(&call).unwrap_or_else(|| own(&call));
    let mut output = stream;
    write!(
        output,
        "HTTP/1.1 {status} Stub\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()
}

/// An answer of a service with XML.
pub fn xml(action: &str, result: &str) -> (u16, String) {
    (200, format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"))
}

/// An answer of a service with JSON.
pub fn json(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

/// A refusal of a service with XML.
pub fn refused_xml(status: u16, code: &str, message: &str) -> (u16, String) {
    let error = format!("<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>");
    (status, format!("<ErrorResponse><Error>{error}</Error><RequestId>1</RequestId></ErrorResponse>"))
}

/// A refusal of a service with JSON.
pub fn refused_json(code: &str, message: &str) -> (u16, String) {
    (400, format!(r#"{{"__type":"com.amazonaws#{code}","message":"{message}"}}"#))
}

/// The role `app` with this trust policy, percent-encoded.
pub fn role_xml(more: &str) -> String {
    format!(
        "<Role><Path>/</Path><RoleName>app</RoleName><RoleId>AROA1</RoleId>\
         <Arn>arn:aws:iam::111122223333:role/app</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument>{more}</Role>"
    )
}

/// What the account answers by itself.
fn own(call: &Call) -> (u16, String) {
    let (_, action) = call.name.split_once(':').unwrap();
    let asked = |key: &str| {
        let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
        body[key].clone()
    };
    match call.name.as_str() {
        "sts:GetCallerIdentity" => xml(
            action,
            "<Arn>arn:aws:iam::111122223333:user/reader</Arn><UserId>AIDA1</UserId><Account>111122223333</Account>",
        ),
        "sts:AssumeRole" => xml(
            action,
            "<Credentials><AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>x</SecretAccessKey>\
             <SessionToken>x</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>",
        ),
        "ssm:DescribeParameters" => {
            let names = asked("ParameterFilters")[0]["Values"].as_array().unwrap().clone();
            let parameter = |name: &serde_json::Value| serde_json::json!({"Name": name, "Type": "SecureString", "KeyId": "alias/aws/ssm", "Version": 3});
            json(&serde_json::json!({"Parameters": Vec::from_iter(names.iter().map(parameter))}).to_string())
        }
        "secretsmanager:DescribeSecret" => {
            let arn = asked("SecretId");
            json(&serde_json::json!({"ARN": arn, "Name": "prod/db"}).to_string())
        }
        "secretsmanager:GetResourcePolicy" => json("{}"),
        "kms:DescribeKey" => json(
            r#"{"KeyMetadata": {"KeyId": "1", "Arn": "arn:aws:kms:eu-west-1:111122223333:key/1", "KeyManager": "AWS"}}"#,
        ),
        "kms:GetKeyPolicy" => json(r#"{"Policy": "{}"}"#),
        "iam:GetRole" => xml(action, &role_xml("")),
        "iam:ListRolePolicies" => {
            xml(action, "<PolicyNames><member>own</member></PolicyNames><IsTruncated>false</IsTruncated>")
        }
        "iam:GetRolePolicy" => xml(
            action,
            "<RoleName>app</RoleName><PolicyName>own</PolicyName><PolicyDocument>%7B%7D</PolicyDocument>",
        ),
        "iam:ListAttachedRolePolicies" => xml(
            action,
            "<AttachedPolicies><member><PolicyName>shared</PolicyName>\
             <PolicyArn>arn:aws:iam::111122223333:policy/shared</PolicyArn></member></AttachedPolicies>\
             <IsTruncated>false</IsTruncated>",
        ),
        "iam:GetPolicy" => xml(action, "<Policy><DefaultVersionId>v2</DefaultVersionId></Policy>"),
        "iam:GetPolicyVersion" => {
            xml(action, "<PolicyVersion><Document>%7B%22Version%22%3A%22v2%22%7D</Document></PolicyVersion>")
        }
        "ecs:ListClusters" => json(r#"{"clusterArns": []}"#),
        "ecs:DescribeTaskDefinition" => json(
            r#"{"taskDefinition": {"family": "app", "revision": 7, "containerDefinitions": [],
                "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/app:7"}}"#,
        ),
        "ecr:DescribeRepositories" => {
            let name = asked("repositoryNames")[0].clone();
            let repository = serde_json::json!({"repositoryName": name, "imageTagMutability": "IMMUTABLE"});
            json(&serde_json::json!({"repositories": [repository]}).to_string())
        }
        _ => refused_json("UnknownOperationException", ""),
    }
}
