use super::*;
use proptest::prelude::*;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Whether bash finds the syntax right; `-n` reads and does not execute.
fn bash_accepts(script: &str) -> bool {
    let mut child = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    // A here-document that is not closed is only a warning to bash.
    output.status.success() && output.stderr.is_empty()
}

fn problems(text: &str) -> Vec<String> {
    AbraSh::parse(text).problems.into_iter().map(|problem| format!("{}: {}", problem.line, problem.what)).collect()
}

const REAL: &str = r##"#!/bin/bash
# export COMMENTED_VERSION=v9
export APP_CONF_VERSION=v3
export ENTRYPOINT_VERSION="v12" # why
export QUOTED_VERSION='v4'
PLAIN_VERSION=v5
export DYNAMIC_VERSION=$(git describe)
export BUILT="${APP_CONF_VERSION}-x"
declare -x DECLARED=v6
LATER=v7
export LATER

environment() {
  # secrets
  local file="/run/secrets/$1"
  export INNER=v8
  if ! [[ -f "$file" && "$file" =~ ^/run/(secrets|x)$ ]]; then
    echo "no { such (file: ${file:-"none }"}" >&2; return 1
  fi
}

function backup {
    cat > /tmp/x <<EOF
export NOT_A_VARIABLE=v1
fi } done $(unclosed 'quote
EOF
    cat <<-'END' | tee "$(echo "$(date +%s)" | sed 's/)//')"
		}
	END
    for i in a b {c,d}; do echo $i; done
    for ((i = 0; i < $((3 * (2))); i++)); do :; done
    case "$1" in
      a|b) echo ab ;;
      (c) echo c ;&
      *) echo "$(case x in x) echo y;; esac)" ;;
    esac
    while read -r line; do ((n++)); done < <(find . -type f)
    arr=(one 'two )' # comment )
         "three")
    echo `date \`x\`` $'it\'s' $"x" ${#arr[@]} ${x#*\}} ${x//\'/}
    until false; do select x in a; do break; done; done 2>&1 | tr -d '#'
}

run_as() ( cd /; exec "$@" )
"##;

#[test]
fn reads_a_script_as_maintainers_write_them() {
    let script = AbraSh::parse(REAL);
    assert_eq!(script.problems, []);
    assert!(bash_accepts(REAL));
    let exported = [
        ("APP_CONF_VERSION", "v3"),
        ("ENTRYPOINT_VERSION", "v12"),
        ("QUOTED_VERSION", "v4"),
        ("DECLARED", "v6"),
        ("LATER", "v7"),
    ];
    assert_eq!(script.exported(), exported);
    assert_eq!(script.variable("PLAIN_VERSION").map(|v| (v.value.as_deref(), v.exported)), Some((Some("v5"), false)));
    assert_eq!(
        script.variable("DYNAMIC_VERSION").map(|v| (v.value.as_deref(), v.raw.as_str())),
        Some((None, "$(git describe)"))
    );
    for name in ["INNER", "NOT_A_VARIABLE", "COMMENTED_VERSION", "arr", "file"] {
        assert_eq!(script.variable(name), None);
    }
    let functions: Vec<_> = script.functions.iter().map(|f| (f.name.as_str(), f.line, f.end_line)).collect();
    assert_eq!(functions, [("environment", 13, 20), ("backup", 22, 42), ("run_as", 44, 44)]);
    let backup = script.function("backup").unwrap();
    assert!(REAL[backup.span.clone()].starts_with("function backup {") && REAL[backup.span.clone()].ends_with('}'));
    let variable = script.variable("ENTRYPOINT_VERSION").unwrap();
    assert_eq!((&REAL[variable.span.clone()], variable.line), ("ENTRYPOINT_VERSION=\"v12\"", 4));
}

#[test]
fn an_assignment_before_a_command_is_that_commands_own() {
    let script = AbraSh::parse("A=1 B=2 run me\nC=3 D=4\nif true; then export E=5; fi\nA+=x\n");
    let seen: Vec<_> = script.variables.iter().map(|v| (v.name.as_str(), v.value.as_deref(), v.conditional)).collect();
    assert_eq!(seen, [("C", Some("3"), false), ("D", Some("4"), false), ("E", Some("5"), true), ("A", None, false)]);
}

#[test]
fn reports_what_bash_refuses() {
    let refused = [
        ("export A='v1\n", "1: the single quote that opens here is not closed"),
        ("x\nexport A=\"v1\n", "2: the double quote that opens here is not closed"),
        ("a=$(date\n", "1: the `$(` that opens here is not closed"),
        ("a=\"$(date\"\n", "1: the double quote that opens here is not closed"),
        ("a=`date\n", "1: the backquote that opens here is not closed"),
        ("a=${x\n", "1: the `${` that opens here is not closed"),
        ("a=\"${x:-'}\"\n", "1: the single quote that opens here is not closed"),
        ("a=(1 2\n", "1: the array that opens here is not closed"),
        ("cat <<EOF\nx\n", "1: the here-document that starts here is not closed: no line is just `EOF`"),
        ("f() {\n  x\n", "1: the `{` that opens here is not closed by `}`"),
        ("if x; then y\n", "1: the `if` that opens here is not closed by `fi`"),
        ("for x in y; do z\n", "1: the `for` that opens here is not closed by `done`"),
        ("case x in a) y;;\n", "1: the `case` that opens here is not closed by `esac`"),
        ("( x\n", "1: the `(` that opens here is not closed by `)`"),
        ("[[ x\n", "1: the `[[` that opens here is not closed by `]]`"),
        ("x\n}\n", "2: `}` closes nothing"),
        ("fi\n", "1: `fi` closes nothing"),
        ("x )\n", "1: `)` closes nothing"),
        ("f() {\nif x; then y\n}\n", "2: the `if` that opens here is not closed by `fi`"),
        ("then x\n", "1: `then` without the command"),
        ("do x\n", "1: `do` without the command"),
        ("while x; do y; fi\n", "1: `fi` closes nothing"),
        ("x ;; y\n", "1: `;;` outside of `case`"),
        ("; x\n", "1: `;` without a command before it"),
        ("x && && y\n", "1: `&&` without a command before it"),
        ("echo a (b)\n", "1: `(` where a word is expected"),
        ("f()\n", "1: the function `f` has no body"),
        ("f(x) { y; }\n", "1: `(` after a word"),
        ("case x a) y;; esac\n", "1: `case` is expected"),
    ];
    for (script, start) in refused {
        let problems = problems(script);
        assert!(problems.iter().any(|problem| problem.starts_with(start)), "{script:?}: {problems:#?}");
        assert!(!bash_accepts(script), "bash accepts {script:?}");
    }
}

#[test]
fn reports_nothing_that_bash_accepts() {
    let accepted = [
        "",
        "\n\n",
        "# only a comment",
        "x",
        "x;",
        "x &",
        "a=b",
        "! x",
        "time x",
        "{ x; }",
        "(x)",
        "((1 + 1))",
        "(( x = (1), y ))",
        "x && \\\n  y ||\n z",
        "if x\nthen y\nelif z\nthen w\nelse v\nfi",
        "if a; then if b; then c; fi fi",
        "for x do y; done",
        "for x\ndo y; done",
        "for x in a b\ndo y; done",
        "for ((;;)) do y; done",
        "f() { x; }",
        "f () (x)",
        "function f() { x; }",
        "function f\n{\nx\n}",
        "f()\n{\n x\n}",
        "f() if x; then y; fi",
        "f() [[ x ]]",
        "a=$( (x); y )",
        "a=$((1+1))",
        "a=$(( (1) ))",
        "((a); b)",
        "echo \"a $(echo \"b $(echo 'c)') d\") e\"",
        "echo \"${x:-'}'}\"",
        "echo ${x:-\"}\"}",
        "cat <<A <<B\nx\nA\ny\nB",
        "cat <<'A B'\n$(\nA B",
        "cat <<\\A\n`\nA",
        "cat <<< \"$x\"",
        "a[1]=x",
        "a+=(1)",
        "x=(\n 1 # )\n 2\n)",
        "case x in esac",
        "case x in\n a) ;; b) y\nesac",
        "case $x in a|b) (y) ;; esac",
        "case x in (a) y;; esac",
        "case x\nin a) y;; esac",
        "[[ $x == @(a|b) ]]",
        "[[ a < b && ( c || d ) ]]",
        "[[ x =~ ^a.*$ ]] && y",
        "x > /dev/null 2>&1 < y >> z",
        "{ x; } 2>&1 | y",
        "x &> y",
        "x 2>&1 | y |& z",
        "diff <(a) <(b)",
        "echo }",
        "echo { fi done",
        "echo if then",
        "a=if",
        "a=b if then",
        "<x done",
        "<x && y",
        "echo \\' \\\"",
        "echo a#b 'c' #'",
        "while read x; do y; done <<EOF\nz\nEOF",
        "x() { cat <<EOF\n}\nEOF\n}",
        "x <<EOF | y\nz\nEOF\nw",
        "echo $'it\\'s'",
        "shopt -s extglob",
        "echo ${#x} $# $? $$",
        "export -f f",
        "let x=1",
        "trap 'x' EXIT",
        "x=$(cat <<EOF\n)\nEOF\n)",
        "x=$(\n# it's a comment\ny)",
        "if (x); then y; fi",
        "while ! x; do y; done",
        "x | while read y; do z; done | w",
        "until x; do { y; } done",
    ];
    for script in accepted {
        assert_eq!(problems(script), [""; 0], "{script:?}");
        assert!(bash_accepts(script), "bash refuses {script:?}");
    }
}

#[test]
fn tells_what_a_shell_takes_otherwise_than_meant() {
    for (script, start) in [
        ("CONF_VERSION = v1\n", "1: a space before `=`: a shell would run `CONF_VERSION`"),
        ("export CONF_VERSION = v1\n", "1: a space before `=`"),
        ("export CONF_VERSION= v1\n", "1: a space after `=`: `CONF_VERSION` is set to nothing"),
        ("export A=v1\r\n", "1: lines end with CR LF"),
        ("\u{feff}export A=v1\n", "1: the script starts with a byte order mark"),
    ] {
        let problems = problems(script);
        assert!(problems.iter().any(|problem| problem.starts_with(start)), "{script:?}: {problems:#?}");
    }
    assert_eq!(AbraSh::parse("export A=v1\r\nexport B=v2\r\n").exported(), [("A", "v1"), ("B", "v2")]);
}

#[test]
fn what_was_made_to_exhaust_the_stack_is_told() {
    for opening in ["$(", "\"$(", "${x:-", "<(", "a=(b=", "`$("] {
        let script = opening.repeat(100_000);
        assert!(!problems(&script).is_empty(), "{opening}");
    }
    assert!(problems(&"$((".repeat(20_000)).iter().any(|problem| problem.contains("deep inside each other")));
}

/// Bits of shell, so that random scripts are near the real thing.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "if ",
        "then ",
        "else ",
        "fi",
        "for x in a; ",
        "while ",
        "do ",
        "done",
        "case x in ",
        "a) ",
        ";; ",
        "esac",
        "{ ",
        "}",
        "(",
        ")",
        "((",
        "))",
        "[[ ",
        " ]]",
        "$(",
        "${",
        "$((",
        "`",
        "'",
        "\"",
        "\\",
        "\n",
        "; ",
        " && ",
        " | ",
        "#",
        "<<EOF\n",
        "EOF\n",
        "f() ",
        "export A=1",
        "B=",
        "=",
        " ",
        "x",
        "é",
        "\r\n",
        "<(",
        "!",
        "function ",
    ];
    prop_oneof![4 => prop::sample::select(pieces.to_vec()).prop_map(ToOwned::to_owned), 1 => "\\PC"]
}

proptest! {
    #[test]
    fn never_panics_and_spans_index_the_text(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        let script = AbraSh::parse(&text);
        for variable in &script.variables {
            prop_assert!(text[variable.span.clone()].starts_with(&variable.name));
            prop_assert!(text[variable.span.clone()].ends_with(&variable.raw));
        }
        for function in &script.functions {
            prop_assert!(text[function.span.clone()].contains(&function.name));
            prop_assert!(function.line <= function.end_line);
        }
        for problem in &script.problems {
            prop_assert!(text.get(problem.span.clone()).is_some(), "{:?}", problem);
        }
    }
}
