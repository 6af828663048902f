"""Every change that cargo-mutants would make to the files of `.ci/mutants.toml`, compiled into one build in which a variable of the
environment chooses one, instead of a build for each; then, for each change, the tests that reach it, the quickest first, until one fails.

The commands are `weave TREE`, `prune TREE`, `run TREE`: `.ci/mutants` calls them in turn. TREE is a copy of the sources.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SWITCH = """//! Which change this run is about. Not of the product: `.ci/mutants` puts it into a copy.

use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static REACHED: [AtomicBool; 4096] = [const { AtomicBool::new(false) }; 4096];

/// Whether the change `number` is to be made; notes that it was reached.
pub fn is(number: usize) -> bool {
    static CHOSEN: OnceLock<(Option<usize>, Option<std::path::PathBuf>)> = OnceLock::new();
    let (chosen, notes) = CHOSEN.get_or_init(|| {
        let chosen = std::env::var("MUTANT").ok().and_then(|chosen| chosen.parse().ok());
        (chosen, std::env::var_os("MUTANTS_REACHED").map(Into::into))
    });
    if let Some(notes) = notes && !REACHED[number].swap(true, Ordering::Relaxed) {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(notes);
        let _ = file.and_then(|mut file| file.write_all(format!("{number}\\n").as_bytes()));
    }
    *chosen == Some(number)
}
"""
# What a test may take beyond the time it took without a change, in seconds; then the change hangs it, which counts as seen.
PATIENCE = 20
SIDE_BY_SIDE = int(os.environ.get("MUTANTS_JOBS", "3"))


def parsed(source):
    import tree_sitter_rust
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_rust.language())).parse(source).root_node


def walk(node):
    yield node
    for child in node.children:
        yield from walk(child)


def statements(block):
    return [child for child in block.named_children if not child.type.endswith("comment")]


def is_chosen(number):
    return f"crate::mutant::is({number})"


class Weaver:
    """One file, whose changes are written beside what they change."""

    def __init__(self, source, changes):
        self.source = source
        self.changes = defaultdict(list)  # id of a node: its changes
        self.missed = [number for number, change in changes if not self.place(parsed(source), number, change)]

    def text(self, node):
        return self.source[node.start_byte : node.end_byte].decode()

    def place(self, root, number, change):
        at = change["span"]
        begin, end = ((at[side]["line"] - 1, at[side]["column"] - 1) for side in ("start", "end"))
        begins = lambda node: tuple(node.start_point) == begin
        spans = lambda node: begins(node) and tuple(node.end_point) == end
        for node in walk(root):
            kind, genre = node.type, change["genre"]
            found = (
                (genre == "FnValue" and kind == "block" and any(map(begins, statements(node)[:1])))
                or (genre == "BinaryOperator" and kind in ("binary_expression", "compound_assignment_expr") and spans(node.children[1]))
                or (genre == "UnaryOperator" and kind == "unary_expression" and begins(node))
                or (genre == "MatchArm" and kind == "match_arm" and begins(node))
                or (genre == "MatchArmGuard" and node.parent and node.parent.type == "match_pattern" and spans(node))
                or (genre == "StructField" and kind in ("field_initializer", "shorthand_field_initializer") and begins(node))
            )
            if found and genre == "FnValue":
                # Of `impl Trait` a function can return one type only.
                found = node.parent.type == "function_item" and "impl " not in change["function"]["return_type"]
            if found:
                self.changes[(node.start_byte, node.end_byte, kind)].append((number, change))
                return True
        return False

    def woven(self, node):
        """The text of `node` with the changes inside it and of it."""
        text, at = [], node.start_byte
        for child in node.children:
            text += [self.source[at : child.start_byte].decode(), self.woven(child)]
            at = child.end_byte
        text = "".join([*text, self.source[at : node.end_byte].decode()])
        for number, change in self.changes.get((node.start_byte, node.end_byte, node.type), []):
            text = getattr(self, change["genre"])(node, text, is_chosen(number), change["replacement"])
        return text

    def FnValue(self, node, text, chosen, instead):
        return "{ if " + chosen + " { return " + instead + "; } " + text[1:]

    def BinaryOperator(self, node, text, chosen, instead):
        left, _, right = node.children
        return f"(if {chosen} {{ {self.text(left)} {instead} {self.text(right)} }} else {{ {text} }})"

    def UnaryOperator(self, node, text, chosen, _):
        return f"(if {chosen} {{ {self.text(node.children[1])} }} else {{ {text} }})"

    def MatchArm(self, node, text, chosen, _):
        pattern = node.child_by_field_name("pattern")
        guard = pattern.child_by_field_name("condition")
        length = len(self.text(pattern)) if not guard else text.index(" if ")
        rest = text[length:] if not guard else " && " + text[length + len(" if ") :]
        return f"{text[:length]} if !{chosen}{rest}"

    def MatchArmGuard(self, node, text, chosen, instead):
        return f"({chosen} || ({text}))" if instead == "true" else f"(!{chosen} && ({text}))"

    def StructField(self, node, text, chosen, _):
        base = next(each for each in node.parent.children if each.type == "base_field_initializer")
        name, _, value = text.partition(":")
        return f"{name}: if {chosen} {{ ({self.text(base).removeprefix('..')}).{name} }} else {{ {value or name} }}"


def weave(tree, left_out=()):
    """Writes the changed files; says how many changes have no place that a switch can stand at."""
    changes = json.loads((tree / "mutants.json").read_text())
    missed = set(left_out)
    for file in sorted({change["file"] for change in changes}):
        of_it = [(number, change) for number, change in enumerate(changes) if change["file"] == file and number not in missed]
        weaver = Weaver(subprocess.check_output(["git", "show", f"HEAD:{file}"]), of_it)
        missed.update(weaver.missed)
        (tree / file).write_text(weaver.woven(parsed(weaver.source)))
    (tree / "src/mutant.rs").write_text(SWITCH)
    library = subprocess.check_output(["git", "show", "HEAD:src/lib.rs"], text=True)
    (tree / "src/lib.rs").write_text(library.replace("// composition", "pub mod mutant;\n// composition", 1))
    (tree / "missed.json").write_text(json.dumps(sorted(missed)))
    return missed


def switches(source):
    """Of each change in a woven file: its number and the bytes of what it puts."""
    for node in walk(parsed(source)):
        found = re.match(rb"crate::mutant::is\((\d+)\)$", source[node.start_byte : node.end_byte]) if node.type == "call_expression" else None
        if found:
            around = node.parent
            while around.type not in ("if_expression", "binary_expression", "match_pattern"):
                around = around.parent
            yield int(found[1]), around.start_byte, around.end_byte


def prune(tree):
    """Takes out the changes that do not compile (a type without a default, a constant), until the rest does."""
    missed = set(json.loads((tree / "missed.json").read_text()))
    while True:
        check = subprocess.run(["cargo", "check", "--locked", "-p", "guildhall", "--lib", "--message-format=json"], cwd=tree, capture_output=True, text=True)
        messages = [json.loads(line).get("message") for line in check.stdout.splitlines() if line.startswith("{")]
        errors = [message for message in messages if message and message["level"] == "error" and message["spans"]]
        if not errors:
            if check.returncode:
                sys.exit(check.stderr)
            return missed
        bad = set()
        for error in errors:
            for span in sorted(error["spans"], key=lambda span: not span["is_primary"])[:1]:
                source = (tree / span["file_name"]).read_bytes()
                around = [(end - begin, number) for number, begin, end in switches(source) if begin <= span["byte_start"] and span["byte_end"] <= end]
                if not around:
                    print("no change is to blame for:", error["rendered"])
                bad.update(number for _, number in sorted(around)[:1])
        if not bad - missed:
            sys.exit("the woven sources do not compile, and no change is to blame")
        print(len(bad), "do not compile", flush=True)
        missed |= bad
        weave(tree, missed)


def programs(tree):
    """The two programs of tests, built."""
    build = ["cargo", "test", "--no-run", "--locked", "-p", "guildhall", "--lib", "--test", "api", "--message-format=json"]
    lines = subprocess.run(build, cwd=tree, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    found = (json.loads(line) for line in lines if line.startswith("{"))
    return [message["executable"] for message in found if message.get("executable") and message["profile"]["test"]]


def ask(tree, program, test, more, patience):
    """Whether the test passes, and how long it took."""
    began = time.monotonic()
    where = {**os.environ, **more, "CARGO_MANIFEST_DIR": str(tree), "NEXTEST": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    run = subprocess.Popen([program, "--exact", test], cwd=tree, env=where, start_new_session=True, **quiet)
    try:
        passed = run.wait(patience) == 0
    except subprocess.TimeoutExpired:
        passed = False
    try:
        os.killpg(run.pid, 9)  # whatever servers it started
    except ProcessLookupError:
        pass
    run.wait()
    return passed, time.monotonic() - began


def reach(tree):
    """Runs every test once without a change: of those that pass, their time and what they reach."""
    known = tree / "reached.json"
    if known.exists():
        return json.loads(known.read_text())
    tests = []
    for program in programs(tree):
        listed = subprocess.check_output([program, "--list", "--format", "terse"], text=True, cwd=tree)
        tests += [(program, line.removesuffix(": test")) for line in listed.splitlines() if line.endswith(": test")]
    left_out = re.compile(r"(^|::)long::|^(crashes|schema|contests|plans|architecture|fuzz|hostile)")
    tests = [test for test in tests if not left_out.search(test[1])]
    (tree / "reached").mkdir(exist_ok=True)

    def one(number):
        program, test = tests[number]
        notes = tree / "reached" / str(number)
        passed, took = ask(tree, program, test, {"MUTANTS_REACHED": str(notes)}, 240)
        reached = sorted({int(line) for line in notes.read_text().split()}) if notes.exists() else []
        return {"program": program, "test": test, "passed": passed, "took": took, "reached": reached}

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = list(pool.map(one, range(len(tests))))
    print("fail without any change, and are not asked:", [test["test"] for test in found if not test["passed"]])
    found = [test for test in found if test["passed"]]
    known.write_text(json.dumps(found))
    return found


def far(file, test):
    """In which order tests are asked about a file: its own first, then those of its room, then the others; the quickest first."""
    module = file.removeprefix("src/").removesuffix(".rs").replace("/", "::")
    room = module.split("::")[0]
    return not test["test"].startswith(module), not test["test"].startswith(room), test["took"]


def run(tree, *wanted):
    changes = json.loads((tree / "mutants.json").read_text())
    missed = set(json.loads((tree / "missed.json").read_text()))
    tests = reach(tree)

    def seen(number):
        """The test that sees the change, and how many were asked."""
        reaching = sorted((test for test in tests if number in test["reached"]), key=lambda test: far(changes[number]["file"], test))
        for asked, test in enumerate(reaching, 1):
            passed, _ = ask(tree, test["program"], test["test"], {"MUTANT": str(number)}, PATIENCE + 5 * test["took"])
            if not passed:
                return test["test"], asked
        return None, len(reaching)

    is_wanted = lambda name: not wanted or any(word in name for word in wanted)
    chosen = [number for number in range(len(changes)) if number not in missed and is_wanted(changes[number]["name"])]
    left = []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for number, (test, asked) in zip(chosen, pool.map(seen, chosen)):
            print("seen" if test else "LEFT", changes[number]["name"], f"by {test}" if test else f"by none of {asked} tests", flush=True)
            if not test:
                left.append(number)
    print(f"{len(changes)} changes: {len(missed)} do not compile, {len(chosen)} tried, {len(left)} that no test sees")
    return left


if __name__ == "__main__":
    command, tree = sys.argv[1], Path(sys.argv[2]).resolve()
    if command == "weave":
        print(len(weave(tree)), "without a place")
    elif command == "prune":
        print(len(prune(tree)), "left out")
    elif command == "run":
        sys.exit(1 if run(tree, *sys.argv[3:]) else 0)
