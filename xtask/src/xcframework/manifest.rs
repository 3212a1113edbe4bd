//! Which released zip `Package.swift` refers to.

/// The constants at the top of the manifest.
const URL: &str = "releaseURL";
const CHECKSUM: &str = "releaseChecksum";

/// Whether SwiftPM takes a binary from there.
pub(super) fn check_url(url: &str) -> Result<(), String> {
    let is_plain = |letter: char| letter.is_ascii_graphic() && !"\"\\".contains(letter);
    match url.starts_with("https://") && url.ends_with(".zip") && url.chars().all(is_plain) {
        true => Ok(()),
        false => Err(format!("--release-url cannot be {url:?}: SwiftPM takes https://….zip")),
    }
}

/// The manifest, with both constants set.
pub(super) fn refer(manifest: &str, url: &str, checksum: &str) -> Result<String, String> {
    let is_digest = checksum.len() == 64 && checksum.chars().all(|digit| digit.is_ascii_hexdigit());
    if !is_digest {
        return Err(format!("{checksum:?} is no SHA-256 checksum"));
    }
    set(&set(manifest, URL, url)?, CHECKSUM, checksum)
}

/// Replaces what stands right of `=` in the one line that declares the constant.
fn set(text: &str, name: &str, value: &str) -> Result<String, String> {
    let mut found = 0;
    let lines: Vec<String> = text
        .lines()
        .map(|line| match declaration(line, name) {
            Some(left) => {
                found += 1;
                format!("{left}= \"{value}\"")
            }
            None => line.to_owned(),
        })
        .collect();
    match found {
        1 => Ok(lines.join("\n") + "\n"),
        _ => Err(format!("`let {name} = …` stands there {found} times instead of once")),
    }
}

/// What stands left of `=` if the line declares the constant.
fn declaration<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (left, _) = line.split_once('=')?;
    let declared = left.strip_prefix("let ")?.split(':').next()?.trim();
    (declared == name).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    const URL: &str = "https://example.org/1.0/dunlinFFI.xcframework.zip";

    #[test]
    fn both_constants_are_set_and_the_rest_stays() {
        let manifest =
            "// a\nlet releaseURL: String? = nil\nlet releaseChecksum = \"old\"\n\nlet b = 1\n";
        let expected = format!(
            "// a\nlet releaseURL: String? = \"{URL}\"\nlet releaseChecksum = \"{DIGEST}\"\n\nlet b = 1\n"
        );
        assert_eq!(refer(manifest, URL, DIGEST).unwrap(), expected);
        assert_eq!(refer(&expected, URL, DIGEST).unwrap(), expected, "done twice");
    }

    #[test]
    fn the_manifest_of_the_package_has_both_constants_at_its_top() {
        let manifest = include_str!("../../../Package.swift");
        let text = refer(manifest, URL, DIGEST).unwrap();
        let top: Vec<&str> =
            text.lines().take_while(|line| !line.starts_with("let package")).collect();
        assert!(top.contains(&format!("let releaseURL: String? = \"{URL}\"").as_str()), "{top:#?}");
        assert!(top.contains(&format!("let releaseChecksum = \"{DIGEST}\"").as_str()), "{top:#?}");
    }

    #[test]
    fn a_manifest_without_the_constants_is_refused_unchanged() {
        for manifest in
            ["", "let releaseURL = \"\"\n", "let releaseURL = \"\"\nlet releaseURL = \"\"\n"]
        {
            let why = refer(manifest, URL, DIGEST).unwrap_err();
            assert!(why.contains("instead of once"), "{why}");
        }
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        let manifest = "let releaseURL = \"\"\nlet releaseChecksum = \"\"\n";
        for checksum in ["", "error: no such file", &DIGEST[1..]] {
            assert!(refer(manifest, URL, checksum).is_err(), "{checksum}");
        }
    }

    #[test]
    fn only_a_zip_by_https_is_taken() {
        assert_eq!(check_url(URL), Ok(()));
        for url in ["http://example.org/a.zip", "https://example.org/a.tar", "https://e.org/\".zip"]
        {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
