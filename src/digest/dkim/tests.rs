//! Tests of the signer. Keys are made on the spot; an independent verifier reads signed letters
//! in `tests/dkim.rs`.

use aws_lc_rs::encoding::Pkcs8V1Der;

use super::*;

/// The Ed25519 key and the message of RFC 8463 appendix A.
const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const PUBLISHED: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const MESSAGE: &str = "From: Joe SixPack <joe@football.example.com>\r\n\
    To: Suzie Q <suzie@shopping.example.net>\r\n\
    Subject: Is dinner ready?\r\n\
    Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
    Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n\
    Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
const BODY_HASH: &str = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn ed25519_pem() -> String {
    // RFC 8410 section 7: all but the seed is the same for every key.
    let mut der = STANDARD.decode("MC4CAQAwBQYDK2VwBCIEIA==").unwrap();
    der.extend(STANDARD.decode(SEED).unwrap());
    pem("PRIVATE KEY", &der)
}

fn rsa_der() -> Vec<u8> {
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    der.as_ref().to_vec()
}

fn read(algorithm: Algorithm, text: &str) -> Result<Key, Error> {
    Key::read(algorithm, "s1", ("config/dkim.pem", text.as_bytes()))
}

fn signer() -> Signer {
    Signer::new("football.example.com", vec![read(Algorithm::Ed25519, &ed25519_pem()).unwrap()])
}

/// The tags of the topmost field, unfolded.
fn tags(signed: &[u8]) -> Vec<(String, String)> {
    let (head, _) = relaxed::split(signed);
    let (name, value) = relaxed::fields(head)[0];
    assert_eq!(name, NAME.as_bytes());
    let value: String =
        value.iter().map(|&o| char::from(o)).filter(|c| !c.is_whitespace()).collect();
    let tags = value.split(';').map(|tag| tag.split_once('=').unwrap());
    tags.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn tag(signed: &[u8], name: &str) -> String {
    tags(signed).into_iter().find(|(found, _)| found == name).unwrap().1
}

#[test]
fn the_example_of_rfc_8463_has_its_key_body_hash_and_time() {
    assert_eq!(signer().records()[0].value, PUBLISHED);
    assert_eq!(signer().records()[0].name, "s1._domainkey.football.example.com");
    let signed = signer().sign(MESSAGE.as_bytes()).unwrap();
    assert!(signed.ends_with(MESSAGE.as_bytes()));
    for (name, value) in [
        ("v", "1"),
        ("a", "ed25519-sha256"),
        ("c", "relaxed/relaxed"),
        ("d", "football.example.com"),
        ("s", "s1"),
        ("t", "1057982437"),
        ("bh", BODY_HASH),
    ] {
        assert_eq!(tag(&signed, name), value, "{name}");
    }
    assert!(tags(&signed).iter().all(|(name, _)| name != "l"));
}

#[test]
fn what_readers_and_servers_go_by_is_signed_once_more_than_it_stands() {
    let message = "From: a@b.example\r\nfrom: c@d.example\r\nSubject: s\r\nX-Other: x\r\n\
                   Feedback-ID: f\r\nList-Unsubscribe: <https://b.example/>\r\n\r\nx\r\n";
    let signed = signer().sign(message.as_bytes()).unwrap();
    let names = tag(&signed, "h");
    let count = |name: &str| names.split(':').filter(|one| *one == name).count();
    for (name, times) in [
        ("From", 3),
        ("Subject", 2),
        ("To", 1),
        ("Reply-To", 1),
        ("List-Unsubscribe", 2),
        ("List-Unsubscribe-Post", 1),
        ("Feedback-ID", 1),
        ("X-Other", 0),
    ] {
        assert_eq!(count(name), times, "{name} in {names}");
    }
}

#[test]
fn the_same_message_gets_the_same_octets() {
    let rsa = read(Algorithm::Rsa, &pem("PRIVATE KEY", &rsa_der())).unwrap();
    let ed25519 = read(Algorithm::Ed25519, &ed25519_pem()).unwrap();
    let signer = Signer::new("b.example", vec![rsa, ed25519]);
    let signed = signer.sign(MESSAGE.as_bytes()).unwrap();
    assert_eq!(signed, signer.sign(MESSAGE.as_bytes()).unwrap());
    let text = String::from_utf8(signed).unwrap();
    let (signatures, _) = text.split_once("\r\nFrom: ").unwrap();
    assert_eq!(signatures.matches("DKIM-Signature: v=1; a=").count(), 2);
    assert!(signatures.lines().all(|line| line.len() <= WIDTH + 1), "{signatures}");
}

#[test]
fn a_message_without_a_date_or_a_body_is_signed_without_a_time() {
    for message in ["From: a@b.example\r\n", "From: a@b.example\r\nDate: soon\r\n\r\n"] {
        let signed = signer().sign(message.as_bytes()).unwrap();
        assert!(tags(&signed).iter().all(|(name, _)| name != "t"));
        // The hash of nothing.
        assert_eq!(tag(&signed, "bh"), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}

#[test]
fn keys_are_read_from_both_forms_of_pem() {
    let pkcs8 = rsa_der();
    // PKCS#8 wraps PKCS#1 in 26 octets for an RSA key of 2,048 bits (RFC 5208 section 5).
    let both = [pem("PRIVATE KEY", &pkcs8), pem("RSA PRIVATE KEY", &pkcs8[26..])];
    let [one, other] = both.map(|text| read(Algorithm::Rsa, &text).unwrap().public());
    assert_eq!(one, other);
    // SubjectPublicKeyInfo of an RSA key of that length (RFC 5280 section 4.1).
    assert!(one.starts_with("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"), "{one}");
}

#[test]
fn a_key_that_cannot_be_used_is_named_with_what_to_do() {
    let rsa = pem("PRIVATE KEY", &rsa_der());
    let damaged = rsa.replacen("MII", "MIJ", 1);
    for (algorithm, text, why) in [
        (Algorithm::Rsa, "", "no private key"),
        (Algorithm::Rsa, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no priv"),
        (Algorithm::Rsa, ed25519_pem().as_str(), "no RSA (2,048 to 8,192 bits) key"),
        (Algorithm::Rsa, damaged.as_str(), "damaged"),
        (Algorithm::Ed25519, rsa.as_str(), "no Ed25519 key"),
    ] {
        let error = read(algorithm, text).unwrap_err().to_string();
        assert!(error.starts_with("config/dkim.pem holds "), "{error}");
        assert!(error.contains(why), "{error}");
        assert!(error.ends_with(&algorithm.make("config/dkim.pem")), "{error}");
    }
}

#[test]
fn no_secret_is_shown() {
    assert_eq!(
        format!("{:?}", signer()),
        "Signer { domain: \"football.example.com\", keys: [Key(s1, Ed25519, ..)] }"
    );
}
