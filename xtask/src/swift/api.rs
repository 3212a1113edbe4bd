//! The public API of the package's modules as the compiler sees it: documented everywhere, and on
//! record, so that a change of what apps build against is seen where it is reviewed.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{failed, toolchain::Swift};
use crate::{failure::Failure, shell::run};

/// A file for each module.
const RECORD: &str = "ios/api";

/// The generated layer, which no app sees.
const GENERATED: &str = "DunlinBindings";

/// What every type conforms to, or whatever the compiler's release infers.
const INFERRED: &[&str] = &["Copyable", "Escapable", "BitwiseCopyable", "SendableMetatype"];

/// The API of one module, an item a line.
type Api = BTreeSet<String>;

/// Compares the API with the record, or writes the record.
pub(super) fn check(
    swift: &Swift,
    library: &Path,
    scratch: &Path,
    is_writing: bool,
) -> Result<(), Failure> {
    let modules = modules(&graphs(swift, library, scratch)?)?;
    for (module, api) in &modules {
        let place = format!("{RECORD}/{module}.api");
        let text: String = api.iter().map(|line| format!("{line}\n")).collect();
        if is_writing {
            fs::create_dir_all(RECORD).map_err(|error| failed("make", RECORD, &error))?;
            fs::write(&place, text).map_err(|error| failed("write", &place, &error))?;
            continue;
        }
        let recorded = fs::read_to_string(&place).unwrap_or_default();
        let recorded: Api = recorded.lines().map(str::to_owned).collect();
        let gone = recorded.difference(api).map(|line| format!("- {line}\n"));
        let new = api.difference(&recorded).map(|line| format!("+ {line}\n"));
        let difference: String = gone.chain(new).collect();
        if !difference.is_empty() {
            return Err(Failure::found(format!(
                "the public API is not the one in {place}; if that is intended, `cargo xtask swift \
                 --write` rewrites it:\n{difference}"
            )));
        }
        println!("the API of {module} is the one on record, {} items", api.len());
    }
    Ok(())
}

/// The compiler's description of each module, and of what each adds to others, by module.
fn graphs(swift: &Swift, library: &Path, scratch: &Path) -> Result<Vec<(String, Value)>, Failure> {
    // What is shared with the Swift of another root has to be there.
    fs::create_dir_all(scratch)
        .map_err(|error| failed("make", &scratch.to_string_lossy(), &error))?;
    let mut command = swift.command(&[library, scratch], &[("DUNLIN_LIBRARY_DIR", library)]);
    command.args(["swift", "package", "--scratch-path"]).arg(scratch);
    run(command.args([
        "dump-symbol-graph",
        "--minimum-access-level=public",
        "--skip-synthesized-members",
    ]))?;
    let mut graphs = Vec::new();
    for path in entries(&folder(scratch)?)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".symbols.json") else { continue };
        let module = name.split('@').next().unwrap_or(name);
        if module != GENERATED {
            let place = path.to_string_lossy();
            let text = fs::read(&path).map_err(|error| failed("read", &place, &error))?;
            let graph = serde_json::from_slice(&text)
                .map_err(|error| Failure::found(format!("{place} is no JSON: {error}")))?;
            graphs.push((module.to_owned(), graph));
        }
    }
    Ok(graphs)
}

/// Where the descriptions are: beside the build that `debug` leads to.
fn folder(scratch: &Path) -> Result<PathBuf, Failure> {
    let debug = scratch.join("debug");
    let build =
        debug.canonicalize().map_err(|error| failed("find", &debug.to_string_lossy(), &error))?;
    Ok(build.with_file_name("symbolgraph"))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let read = |error: &std::io::Error| failed("read", &folder.to_string_lossy(), error);
    let entries = fs::read_dir(folder).map_err(|error| read(&error))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| read(&error))).collect()
}

/// # Errors
/// Fails if something public is not documented, or if nothing is public.
fn modules(graphs: &[(String, Value)]) -> Result<BTreeMap<String, Api>, Failure> {
    let mut modules = BTreeMap::<String, Api>::new();
    let mut bare = BTreeSet::new();
    for (module, graph) in graphs {
        let api = modules.entry(module.clone()).or_default();
        let mut names = HashMap::new();
        for symbol in list(&graph["symbols"]) {
            let name = words(&symbol["pathComponents"], ".", |part| part);
            let declaration = words(&symbol["declarationFragments"], "", |part| &part["spelling"]);
            if symbol["docComment"].is_null() {
                bare.insert(format!("{module}: {name}"));
            }
            names.insert(text(&symbol["identifier"]["precise"]), name.clone());
            api.insert(format!("{name}: {declaration}"));
        }
        api.extend(list(&graph["relationships"]).filter_map(|link| conformance(link, &names)));
    }
    if !bare.is_empty() {
        let bare: Vec<_> = bare.into_iter().collect();
        return Err(Failure::found(format!("not documented:\n{}", bare.join("\n"))));
    }
    match modules.values().map(BTreeSet::len).sum() {
        0 => Err(Failure::found("the Swift package has no public API")),
        _ => Ok(modules),
    }
}

/// A line such as `Node conforms to Sendable`.
fn conformance(link: &Value, names: &HashMap<&str, String>) -> Option<String> {
    if link["kind"] != "conformsTo" {
        return None;
    }
    let name = names.get(text(&link["source"]))?;
    let target = match names.get(text(&link["target"])) {
        Some(known) => known,
        None => text(&link["targetFallback"]).rsplit('.').next()?,
    };
    let is_said = !target.is_empty() && !INFERRED.contains(&target);
    is_said.then(|| format!("{name} conforms to {target}"))
}

fn words<'a>(json: &'a Value, between: &str, word: impl Fn(&'a Value) -> &'a Value) -> String {
    list(json).map(|part| text(word(part))).collect::<Vec<_>>().join(between)
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

fn text(json: &Value) -> &str {
    json.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn symbol(id: &str, path: &[&str], declaration: &[&str]) -> Value {
        let fragments: Vec<_> =
            declaration.iter().map(|spelling| json!({ "spelling": spelling })).collect();
        json!({
            "identifier": { "precise": id },
            "pathComponents": path,
            "declarationFragments": fragments,
            "docComment": { "lines": [] },
        })
    }

    fn graph() -> Value {
        json!({
            "symbols": [
                symbol("node", &["Node"], &["class", " ", "Node"]),
                symbol("peers", &["Node", "peers()"], &["func", " ", "peers", "()"]),
                symbol("link", &["Link"], &["protocol", " ", "Link"]),
            ],
            "relationships": [
                { "kind": "memberOf", "source": "peers", "target": "node" },
                { "kind": "conformsTo", "source": "node", "target": "link" },
                { "kind": "conformsTo", "source": "node", "target": "s",
                  "targetFallback": "Swift.Sendable" },
                { "kind": "conformsTo", "source": "node", "target": "c",
                  "targetFallback": "Swift.Copyable" },
            ],
        })
    }

    #[test]
    fn items_and_what_they_conform_to_are_lines() {
        let modules = modules(&[("Dunlin".into(), graph())]).unwrap();
        let lines: Vec<_> = modules["Dunlin"].iter().map(String::as_str).collect();
        let expected = [
            "Link: protocol Link",
            "Node conforms to Link",
            "Node conforms to Sendable",
            "Node.peers(): func peers()",
            "Node: class Node",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_not_documented_fails_and_so_does_nothing_at_all() {
        let mut graph = graph();
        graph["symbols"][1]["docComment"] = Value::Null;
        let failure = modules(&[("Dunlin".into(), graph)]).unwrap_err().to_string();
        assert!(failure.contains("Dunlin: Node.peers()"), "{failure}");
        assert!(modules(&[]).is_err());
    }
}
