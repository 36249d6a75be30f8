#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

/// The values that a reader finds at every place where one of `anchors` stands.
fn read_with(lexer: &str, kind: FileKind, text: &str, anchor: &str) -> Vec<(String, Quoting)> {
    let bytes = text.as_bytes();
    let lexer = by_name(lexer).unwrap();
    let mut found = Vec::new();
    for start in 0..bytes.len() {
        let end = start + anchor.len();
        if bytes.get(start..end).is_some_and(|b| b.eq_ignore_ascii_case(anchor.as_bytes())) {
            lexer(&Place { bytes, start, end, kind, reach: &Reach::new(usize::MAX) }, &mut |r| {
                found.push((text.get(r.secret).unwrap_or_default().to_owned(), r.quoting));
            });
        }
    }
    found.dedup();
    found
}

const VALUE: &str = "xD7j8wdDQcD2YVXsk2uD";

#[test]
fn literals_in_quotes() {
    for text in [
        r#"var apiToken string = "V""#,
        r#"const API_TOKEN: &'static str = "V";"#,
        r#"apiToken: string = 'V';"#,
        r#"API_TOKEN = """V""""#,
        r#"API_TOKEN = b"V""#,
        "API_TOKEN = (\n    \"V\"\n)",
        r#"os.environ["API_TOKEN"] = "V""#,
        r#"app.config["SECRET_TOKEN"] = "V""#,
        r#"const t = process.env.API_TOKEN || "V";"#,
        r#"const token = process.env.T ?? "V";"#,
        r#"token = os.getenv("API_TOKEN", "V")"#,
        r#"Rails::Application.config.secret_token = "V""#,
        r#"token = os.environ.get("API_TOKEN") or "V""#,
        r#"#define API_TOKEN "V""#,
        r#"#define API_TOKEN ("V")"#,
        r#"SetEnv API_TOKEN "V""#,
        r#"$token .= 'V';"#,
        r#"define('API_TOKEN', 'V');"#,
        r#"API_TOKEN ||= "V""#,
        r#"{"api_token":"V"}"#,
        r#"cfg := "{\"token\":\"V\"}""#,
        r#":token => "V""#,
        r#"token = []byte("V")"#,
        r#"API_TOKEN="${API_TOKEN:-V}""#,
        "token: &anchor \"V\"",
        r#"static char API_TOKEN[] = "V";"#,
        r#"<connection token="V"/>"#,
        r#"std::string token{"V"};"#,
        r#"std::string token("V");"#,
        r#"auto token = std::string{"V"};"#,
        r#"auto token = R"(V)";"#,
        r#"#define kApiToken @"V""#,
        r##"static let token = #"V"#"##,
        r##"let token = r#"V"#;"##,
        r#"val apiToken by lazy { "V" }"#,
        r#"val apiToken get() = "V""#,
        r#"fun apiToken() = "V""#,
        r#"func apiToken() string { return "V" }"#,
        r#"var apiToken: String { "V" }"#,
        r#"mapOf("API_TOKEN" to "V")"#,
        r#"val apiToken: Option[String] = Some("V")"#,
        r#"token = ENV.fetch('API_TOKEN') { 'V' }"#,
        r#"set :api_token, 'V'"#,
        r#"Application.put_env(:app, :api_token, "V")"#,
        "@api_token \"V\"\n",
        "  token \"V\";\n",
        r#"String.fromEnvironment('API_TOKEN', default: 'V')"#,
        r#"Sys.getenv("API_TOKEN", unset = "V")"#,
        r#"token <<- "V""#,
        r#"$ENV{'API_TOKEN'} = 'V';"#,
        r#"my $x = $ENV{API_TOKEN} // 'V';"#,
        "my $token = q{V};",
        "my $token = qq(V);",
        "TOKEN = %q(V)",
        "local token = [[V]]",
        r#"set $api_token "V";"#,
        r#"RequestHeader set X-Api-Token "V""#,
        r#"kubectl create secret docker-registry r --registry-token "V""#,
        r#"Set-Harbour -AccessToken "V""#,
        r#"command: ["run", "--api-token", "V"]"#,
        r#"host, user, token = "a", port, "V""#,
        r#"local user, token = "a", "V""#,
        r#".token("V".to_owned())"#,
    ] {
        let text = text.replace('V', VALUE);
        let found = read_with("quoted-assignment", FileKind::Code, &text, "token");
        assert_eq!(found, [(VALUE.to_owned(), Quoting::Quoted)], "{text}");
    }
    for text in [
        r#"if token == "V":"#,
        r#"if (token !== "V") {"#,
        r#"if "V" == token {"#,
        r#"if ("V".equals(token)) {"#,
        r#"if (login.token.equals("V")) {"#,
        r#"setopt(curl, CURLOPT_TOKEN, "V");"#,
    ] {
        let text = text.replace('V', VALUE);
        let found = read_with("quoted-assignment", FileKind::Code, &text, "token");
        assert!(found.contains(&(VALUE.to_owned(), Quoting::Bare)), "{text}: {found:?}");
    }
    for text in [
        r#"AWS::Token: "V""#,
        r#"if token == other || name == "V" {"#,
        r#"if "V" == name { token }"#,
        r#"setopt(curl, token, "V");"#,
        r#"token = get("V")"#,
        r#""enter the token": "V""#,
        r#"token_url = "V""#,
        r#"token = "V"#,
        r#"Token token{next("V")};"#,
        r#"std::string token{"V", 3};"#,
        r#"new Token("V")"#,
        r#"token // "V" is the default"#,
        r#"validates :token, "V""#,
        "a token \"V\" stands here\n",
    ] {
        let text = text.replace('V', VALUE);
        assert_eq!(read_with("quoted-assignment", FileKind::Code, &text, "token"), [], "{text}");
    }
}

#[test]
fn literals_without_quotes() {
    for (text, quoting) in [
        ("API_TOKEN=V\n", Quoting::Environment),
        ("export API_TOKEN=V\n", Quoting::Environment),
        ("API_TOKEN ?= V\n", Quoting::Environment),
        ("API_TOKEN := V\n", Quoting::Environment),
        ("API_TOKEN :::= V\n", Quoting::Environment),
        ("token: V\n", Quoting::Line),
        ("token: >-\n  V\n", Quoting::Line),
        ("token:\n  V\n", Quoting::Line),
        ("token: &t V\n", Quoting::Line),
        ("token = V\n", Quoting::Line),
        ("TOKEN=${TOKEN:-V}\n", Quoting::Environment),
        (": ${API_TOKEN:=V}\n", Quoting::Environment),
        ("run --key \"${API_TOKEN-V}\"\n", Quoting::Environment),
        ("{\"x\": \"A=b\\nAPI_TOKEN=V\\nC=d\"}", Quoting::Environment),
        ("fastcgi_param API_TOKEN V;\n", Quoting::Line),
        ("set -gx API_TOKEN V\n", Quoting::Line),
        ("setenv API_TOKEN V\n", Quoting::Line),
        ("Environment=\"API_TOKEN=V\"\n", Quoting::Environment),
        ("kubectl create secret generic x --from-literal=token=V\n", Quoting::Environment),
        ("environment: {API_TOKEN: V, A: b}\n", Quoting::Line),
        ("  token = <<EOF\nV\nEOF\n", Quoting::Line),
        ("  token = <<-EOT\n    V\n  EOT\n", Quoting::Line),
        ("$token = <<<'EOT'\nV\nEOT;\n", Quoting::Line),
        ("set $api_token V;\n", Quoting::Line),
        ("SetCredential=api_token:V\n", Quoting::Environment),
        ("OIDCAccessToken V\n", Quoting::Bare),
        ("args:\n  - run\n  - --api-token\n  - V\n", Quoting::Environment),
        ("oc login --access-token V --server x\n", Quoting::Environment),
    ] {
        let text = text.replace('V', VALUE);
        let found = read_with("bare-assignment", FileKind::Config, &text, "token");
        assert_eq!(found, [(VALUE.to_owned(), quoting)], "{text}");
    }
    for text in [
        "#define API_TOKEN V\n",
        "${API_TOKEN:-$V}",
        "${API_TOKEN:?V}",
        "f(token=V)",
        "the token V is",
        "x == token=V)",
        "token::V",
        "args:\n  - --api-token\nx:\n  - V\n",
        "args:\n  - --api-token\n  - --V\n",
    ] {
        let text = text.replace('V', VALUE);
        assert_eq!(read_with("bare-assignment", FileKind::Code, &text, "token"), [], "{text}");
    }
}

/// Characters that no one sees hide no name: an editor's mark before the first line, marks of direction, fixed blanks.
#[test]
fn names_behind_what_is_not_seen() {
    for unseen in ["", "\u{feff}", "\u{202e}", "\u{200b}", "\u{a0}", "\u{1b}", "\u{feff}\u{200b}"] {
        for head in ["", "# settings\n"] {
            let text = format!("{head}{unseen}DB_PASSWORD=xk29dkf0qq3\nX=1\n");
            let found = read_with("bare-assignment", FileKind::Config, &text, "password");
            assert_eq!(found, [("xk29dkf0qq3".to_owned(), Quoting::Environment)], "{text:?}");
            let text = format!("{head}{unseen}password: xk29dkf0qq3\nx: 1\n");
            let found = read_with("bare-assignment", FileKind::Config, &text, "password");
            assert_eq!(found, [("xk29dkf0qq3".to_owned(), Quoting::Line)], "{text:?}");
        }
    }
}

#[test]
fn pairs_in_either_order() {
    for text in [
        r#"{"name":"API_TOKEN","value":"V"}"#,
        r#"{"value":"V","name":"API_TOKEN"}"#,
        r#"{"ParameterKey":"ApiToken","ParameterValue":"V"}"#,
        r#"{"key" : "API_TOKEN", "value" : "V"}"#,
        "- name: API_TOKEN\n  value: V\n",
        "env:\n  - value: V\n    name: API_TOKEN\n",
        "env: [{name: API_TOKEN, value: V}]\n",
        "env: [{value: V, name: API_TOKEN}]\n",
        "- ParameterKey: ApiToken\n  ParameterValue: V\n",
        "variable \"api_token\" {\n  type = string\n  default = \"V\"\n}",
        r#"{"parameters":{"apiToken":{"value":"V"}}}"#,
        r#"{"api_token":{"sensitive":true,"type":"string","value":"V"}}"#,
        r#"<add key="ApiToken" value="V" />"#,
    ] {
        let text = text.replace('V', VALUE).replace(&format!("{VALUE}ALUE"), "VALUE");
        let text = text.replace(&format!("Parameter{VALUE}alue"), "ParameterValue");
        let found = read_with("name-value-pair", FileKind::Config, &text, "token");
        assert_eq!(found, [(VALUE.to_owned(), Quoting::Quoted)], "{text}");
    }
    for text in [
        r#"{"name":"API_TOKEN","valueFrom":"V"}"#,
        r#"{"name":"API_TOKEN"},{"name":"B","value":"V"}"#,
        "- name: API_TOKEN\n- name: B\n  value: V\n",
    ] {
        let text = text.replace('V', VALUE);
        assert_eq!(read_with("name-value-pair", FileKind::Config, &text, "token"), [], "{text}");
    }
}

#[test]
fn statements_of_sql() {
    for text in [
        "CREATE USER a PASSWORD 'V';",
        "ALTER USER a WITH ENCRYPTED PASSWORD 'V';",
        "SET PASSWORD FOR 'a'@'%' = 'V';",
        "SET PASSWORD FOR 'a'@'%' = PASSWORD('V');",
        "SET PASSWORD = 'V';",
        "CREATE LOGIN a WITH PASSWORD = N'V';",
        "CREATE ROLE a WITH LOGIN PASSWORD V;",
        "UPDATE mysql.user SET authentication_string = PASSWORD ('V') WHERE User = 'a';",
        "insert into mysql.user values(PASSWORD('V') );",
    ] {
        let text = text.replace('V', VALUE);
        let found = read_with("sql-password", FileKind::Config, &text, "password");
        assert!(found.contains(&(VALUE.to_owned(), Quoting::Certain)), "{text}: {found:?}");
    }
    for text in [
        "CREATE USER a IDENTIFIED WITH sha256_password BY 'V';",
        "CREATE USER a IDENTIFIED BY V;",
        "exec(\"CREATE USER a IDENTIFIED BY V\");",
        "ALTER USER a IDENTIFIED BY \"V\";",
    ] {
        let text = text.replace('V', VALUE).replace(&format!("{VALUE}ALUES"), "VALUES");
        let found = read_with("sql-password", FileKind::Config, &text, "identified");
        assert_eq!(found, [(VALUE.to_owned(), Quoting::Certain)], "{text}");
    }
    for text in [
        "ALTER USER a PASSWORD EXPIRE;",
        "SELECT password FROM t WHERE a = 'V';",
        "SET PASSWORD FOR a;\nx = 'V'",
        "CREATE ROLE a;\nthe password V is none",
    ] {
        assert_eq!(read_with("sql-password", FileKind::Config, text, "password"), [], "{text}");
    }
    let socket = "CREATE USER a IDENTIFIED WITH auth_socket;";
    assert_eq!(read_with("sql-password", FileKind::Config, socket, "identified"), []);
}

#[test]
fn commands() {
    for (program, text) in [
        ("keytool", "keytool -list -storepass V -keystore k.jks"),
        ("zip", "zip -r -P V out.zip data"),
        ("zip", "zip -P 'V' out.zip data"),
        ("unzip", "/usr/bin/unzip -PV in.zip"),
        ("7z", "7z a -pV out.7z data"),
        ("7z", "7z x in.7z \"-pV\""),
        ("curl", "curl -upilot:V https://x"),
        ("curl", "curl -fsSL \\\n  -u 'pilot:V' https://x"),
        ("htpasswd", "htpasswd -bc .htpasswd pilot V"),
        ("htpasswd", "htpasswd -nb pilot V"),
        ("mysqladmin", "mysqladmin -u root password V"),
        ("rabbitmqctl", "rabbitmqctl add_user pilot V"),
        ("sqlplus", "sqlplus -s pilot/V@db:1521/app"),
        ("ldapadd", "ldapadd -x -w V -f a.ldif"),
        ("npm", "npm config set //registry.harbour.internal/:_authToken V"),
        ("aws", "aws configure set aws_secret_access_key V"),
        ("poetry", "poetry config http-basic.harbour ci V"),
        ("bundle", "bundle config set gems.harbour.internal ci:V"),
        ("lftp", "lftp -u pilot,V sftp://web"),
        ("smbclient", "smbclient //nas/share -U pilot%V"),
        ("net", "net use Z: \\\\nas\\share V /user:pilot"),
        ("net", "net use \\\\nas\\share /user:HARBOUR\\pilot V"),
        ("cmdkey", "cmdkey /add:nas /pass:V"),
        ("mount", "mount -t cifs //nas/s /mnt -o username=pilot,password=V,uid=1"),
        ("openssl", "openssl pkcs12 -in a.p12 -passin pass:V -nodes"),
        ("nmcli", "nmcli dev wifi connect harbour password V"),
        ("jq", "jq -n --arg password V '{p: $password}'"),
        ("wget", "wget --user=pilot --password=V https://harbour.internal/a"),
        ("svn", "svn co --username ci --password V https://harbour.internal/a"),
        ("x11vnc", "x11vnc -passwd V -forever"),
    ] {
        let text = text.replace('V', VALUE);
        for text in [text.clone(), format!("RUN x && {text}\n"), format!("sh -c \"{text}\" | y\n")] {
            if text.contains("-c \"") && text.matches('"').count() > 2 {
                continue;
            }
            let found = read_with("command", FileKind::Code, &text, program);
            assert_eq!(found, [(VALUE.to_owned(), Quoting::Certain)], "{text}");
        }
    }
    for (program, text) in [
        ("zip", "zip -r out.zip data; echo -P V"),
        ("zip", "gzip -P V"),
        ("htpasswd", "htpasswd -c .htpasswd pilot"),
        ("7z", "7z a -p out.7z V"),
        ("sqlplus", "sqlplus / as sysdba"),
        ("net", "net use Z: \\\\nas\\share /user:pilot"),
        ("npm", "npm config set registry V"),
        ("consul", "consul kv put app/db_password @V"),
        ("rabbitmqctl", "rabbitmqctl add_vhost V"),
        ("nmcli", "nmcli dev wifi connect V"),
        ("jq", "jq -n --arg name V '{n: $name}'"),
        ("jq", "jq --arg password"),
    ] {
        let text = text.replace('V', VALUE);
        assert_eq!(read_with("command", FileKind::Code, &text, program), [], "{text}");
    }
    // A pair of quotes inside a word stays a pair.
    let quoted = read_with("command", FileKind::Code, "openssl enc -pass pass:\"$seed\" -nosalt", "openssl");
    assert_eq!(quoted, [("$seed".to_owned(), Quoting::Certain)]);
    // Nothing in a command is out of reach of its words.
    for text in [
        "zip",
        "zip ",
        "zip -P",
        "zip -P\n",
        "zip -P '",
        "htpasswd -b",
        "net use \\\\",
        "mount -o",
        "sqlplus /",
        "7z -",
    ] {
        let program = text.split(' ').next().unwrap();
        read_with("command", FileKind::Code, text, program);
    }
}

#[test]
fn elements() {
    for text in [
        "<token>V</token>",
        "<token>\n   V\n</token>",
        "<token><![CDATA[V]]></token>",
        "<entry key=\"token\">V</entry>",
        "<token id=\"x\">V</token>",
        "<name>api.token</name>\n  <value>V</value>",
        "<key>ApiToken</key><string>V</string>",
    ] {
        let text = text.replace('V', VALUE);
        assert_eq!(
            read_with("xml-element", FileKind::Config, &text, "token"),
            [(VALUE.to_owned(), Quoting::Quoted)],
            "{text}"
        );
    }
    assert_eq!(read_with("xml-element", FileKind::Config, "<token/> <x>abc</x>", "token"), []);
}

#[test]
fn rows_of_sql_are_read_by_column() {
    let found = |text: &str| {
        let values = read_with("sql-row", FileKind::Config, text, "insert into ");
        values.into_iter().map(|(value, _)| value).collect::<Vec<_>>()
    };
    assert_eq!(
        found(
            "INSERT INTO users (id, mail, password) VALUES (1, 'a@b.c', 'one1'), (2, 'a, (b)''s', N'two2');"
        ),
        ["one1", "two2"]
    );
    assert_eq!(
        found("insert into `t` (`name`,\n `api_token`)\nvalues\n  (lower('x'), 'three3');"),
        ["three3"]
    );
    // A digest, a parameter, a column of another name, no columns, another number of cells, no end.
    for text in [
        "INSERT INTO users (id, password) VALUES (1, '5f4dcc3b5aa765d61d8327deb882cf99');",
        "INSERT INTO users (id, password) VALUES (?, ?);",
        "INSERT INTO users (id, password_hint) VALUES (1, 'one1');",
        "INSERT INTO users VALUES (1, 'one1');",
        "INSERT INTO users (id, password) VALUES ('one1');",
        "INSERT INTO users (id, password) VALUES (1, 'one1",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn items_of_lists_and_maps() {
    for text in [
        r#"API_KEYS = ["V", "W"]"#,
        "\"api_keys\": [\n  \"V\",\n  \"W\"\n]",
        r#"TOKENS = {'shop': 'V', 'berth': "W"}"#,
        r#"var apiKeys = []string{"V", "W"}"#,
        r#"$tokens = ['a' => 'V', 'b' => 'W'];"#,
    ] {
        let text = text.replace('V', VALUE);
        for anchor in ["_key", "apikey", "token"] {
            let found = read_with("quoted-assignment", FileKind::Code, &text, anchor);
            if !found.is_empty() {
                let expected = [(VALUE.to_owned(), Quoting::Bare), ("W".to_owned(), Quoting::Bare)];
                assert_eq!(found, expected, "{text}");
            }
        }
        assert!(
            ["_key", "apikey", "token"].iter().any(|a| !read_with(
                "quoted-assignment",
                FileKind::Code,
                &text,
                a
            )
            .is_empty()),
            "{text}"
        );
    }
    for text in ["token = [a, \"V\"]", "token_type = [\"V\"]", "token == [\"V\"]", "tokens[\"V\"]"] {
        assert_eq!(read_with("quoted-assignment", FileKind::Code, text, "token"), [], "{text}");
    }
}

#[test]
fn elements_and_objects_around_a_value() {
    let bean = "<property name=\"password\">\n  <value>q7Tz!m2Rk9vL</value></property>";
    let expected = [("q7Tz!m2Rk9vL".to_owned(), Quoting::Quoted)];
    assert_eq!(read_with("xml-element", FileKind::Config, bean, "password\""), expected);
    let parameter = "name  = \"/shop/db/password\"\n  type  = \"SecureString\"\n  value = \"q7Tz!m2Rk9vL\"\n";
    assert_eq!(read_with("name-value-pair", FileKind::Config, parameter, "password\""), expected);
    // The last part of a path that is no text in quotes names nothing.
    let path = "name = /shop/db/password\"\n  value = \"q7Tz!m2Rk9vL\"\n";
    assert_eq!(read_with("name-value-pair", FileKind::Config, path, "password\""), []);
}

#[test]
fn properties_want_no_blank_behind_their_colon() {
    let read = |kind, text| read_with("bare-assignment", kind, text, ".password");
    let expected = [("q7Tz!m2Rk9vL".to_owned(), Quoting::Line)];
    assert_eq!(read(FileKind::Config, "ldap.bind.password:q7Tz!m2Rk9vL\n"), expected);
    assert_eq!(read(FileKind::Code, "ldap.bind.password:q7Tz!m2Rk9vL\n"), []);
    assert_eq!(read(FileKind::Config, "see x.password:q7Tz!m2Rk9vL\n"), []);
}

#[test]
fn rows_without_columns_are_read_by_the_table() {
    let found = |text: &str| {
        let values = read_with("sql-table", FileKind::Config, text, "create table ");
        values.into_iter().map(|(value, _)| value).collect::<Vec<_>>()
    };
    let table = "CREATE TABLE IF NOT EXISTS app.`users` (\n `id` int(11),\n `password` varchar(9) DEFAULT 'a,b',\n PRIMARY KEY (`id`)\n);\n";
    assert_eq!(
        found(&format!(
            "{table}INSERT INTO `users` VALUES (1,'one1'),(2,'two2');\nINSERT INTO app.users VALUES (3,'three3');"
        )),
        ["one1", "two2", "three3"]
    );
    for rest in [
        "INSERT INTO berths VALUES (1, 'one1');",
        "INSERT INTO users VALUES (1, 'one1', 2);",
        "INSERT INTO users VALUES (1, '5f4dcc3b5aa765d61d8327deb882cf99');",
        "INSERT INTO users VALUES (1, 'one",
        "",
    ] {
        assert_eq!(found(&format!("{table}{rest}")), Vec::<String>::new(), "{rest}");
    }
}

#[test]
fn rows_that_postgresql_loads_are_read_by_column() {
    let found = |text: &str| {
        let values = read_with("sql-copy", FileKind::Config, text, "copy public.");
        values.into_iter().map(|(value, _)| value).collect::<Vec<_>>()
    };
    let head = "COPY public.users (id, password, role) FROM stdin;\n";
    assert_eq!(found(&format!("{head}1\tone1\tx\n2\ttwo2\t\\N\n\\.\n3\tno3\tx\n")), ["one1", "two2"]);
    for rest in ["1\t\\N\tx\n\\.\n", "1\tone1\n\\.\n", "1\tone1\tx", ""] {
        assert_eq!(found(&format!("{head}{rest}")), Vec::<String>::new(), "{rest}");
    }
    assert_eq!(found("COPY public.users (id, password) TO stdout;\n1\tone1\n"), Vec::<String>::new());
}

#[test]
fn decoded_literals_are_bytes() {
    for text in [r#"AES_KEY = bytes.fromhex("V")"#, r#"byte[] aes_key = Base64.getDecoder().decode("V");"#] {
        let text = text.replace('V', VALUE);
        let found = read_with("quoted-assignment", FileKind::Code, &text, "_key");
        assert_eq!(found, [(VALUE.to_owned(), Quoting::Decoded)], "{text}");
    }
}

#[test]
fn values_that_begin_as_an_operator_does() {
    let found = |text: &str| read_with("bare-assignment", FileKind::Config, text, "password");
    assert_eq!(found("DB_PASSWORD=~2*horPXz5I7k7\n").len(), 1);
    assert_eq!(found("password =~ /^[a-z]+$/\n"), []);
    assert_eq!(found("password=~/[a-z]+/\n"), []);
}

#[test]
fn the_match_of_a_cell_is_the_cell() {
    // What leads to nothing costs by the length of its match: a dump of hashes must not use up a file's effort.
    let text = "INSERT INTO users (id, password) VALUES (1, 'one1'), (2, 'two2');";
    let lexer = by_name("sql-row").unwrap();
    let place = Place {
        bytes: text.as_bytes(),
        start: 0,
        end: "INSERT INTO ".len(),
        kind: FileKind::Config,
        reach: &Reach::new(usize::MAX),
    };
    let mut lengths = Vec::new();
    lexer(&place, &mut |reading| lengths.push(reading.matched.len()));
    assert_eq!(lengths, [4, 4]);
}

#[test]
fn rows_are_read_to_the_end_of_what_is_at_hand() {
    let count = |name: &str, text: &str, anchor: &str, reach: &Reach| {
        let start = text.find(anchor).unwrap();
        let place =
            Place { bytes: text.as_bytes(), start, end: start + anchor.len(), kind: FileKind::Config, reach };
        let mut rows = 0;
        by_name(name).unwrap()(&place, &mut |_| rows += 1);
        rows
    };
    let csv = format!("user,password\n{}", "pilot,kestrel2031\n".repeat(2000));
    let dump =
        format!("INSERT INTO users (id, password) VALUES {}(0, 'one1');\n", "(1, 'one1'), ".repeat(2000));
    let copy = format!("COPY users (id, password) FROM stdin;\n{}\\.\n", "1\tkestrel2031\n".repeat(2000));
    // The first table may go on behind what is at hand; the others end.
    for (name, text, anchor, rows, cut) in [
        ("table-column", &csv, "password", 2000, true),
        ("sql-row", &dump, "INSERT INTO ", 2001, false),
        ("sql-copy", &copy, "COPY users ", 2000, false),
    ] {
        let reach = Reach::new(usize::MAX);
        assert_eq!(count(name, text, anchor, &reach), rows, "{name}");
        assert_eq!(reach.is_cut(), cut, "{name}");
        let short = Reach::new(100);
        assert!(count(name, text, anchor, &short) < 1000, "{name}");
        assert!(short.is_cut(), "{name}");
        // What ends within a row goes on.
        let reach = Reach::new(usize::MAX);
        count(name, text.get(..20_000).unwrap(), anchor, &reach);
        assert!(reach.is_cut(), "{name}");
    }
}

#[test]
fn comparisons_and_constants_around_a_name() {
    let found = |text: &str, anchor: &str| read_with("quoted-assignment", FileKind::Code, text, anchor);
    assert_eq!(found("if (strcmp(pass, \"one1\") == 0)", "pass").len(), 1);
    assert_eq!(found("if (pass.equals(\"one1\"))", "pass").len(), 1);
    assert_eq!(found("if (txtPass.Text == \"one1\")", "Pass").len(), 1);
    assert_eq!(found("setopt(curl, CURLOPT_PASSWORD, \"one1\")", "PASSWORD").len(), 1);
    assert_eq!(found("connect(DB_HOST, DB_USER, DB_PASSWORD, \"one1\")", "PASSWORD"), []);
    assert_eq!(found("strlen(pass, \"one1\")", "pass"), []);
}
