//! A copy of an example, and the program run on it.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

/// A copy of an example in `fleet/`, in a folder of its own.
pub(crate) struct Fleet {
    dir: TempDir,
}

/// What a command came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Fleet {
    pub(crate) fn copy(example: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples/fleets")
            .join(example);
        let to = dir.path().join("fleet");
        fs::create_dir(&to).expect("a folder");
        for entry in fs::read_dir(&from).expect("an example") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
            }
        }
        Self { dir }
    }

    /// A copy of what is there now, world and journal included.
    pub(crate) fn fork(&self) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        copy_all(self.dir.path(), dir.path());
        Self { dir }
    }

    /// A path in the folder that the fleet's folder lies in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|fault| panic!("{name}: {fault}"))
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).expect("written");
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stampctl"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("USER", "tester")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().expect("stampctl runs").into()
    }

    /// Runs and expects an exit code.
    #[track_caller]
    pub(crate) fn ends(&self, args: &[&str], code: i32) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, code, "{args:?}\n{}\n{}", ran.out, ran.err);
        ran
    }

    /// Applies until everything is done, with what each answer says comes next. Every exit code.
    pub(crate) fn to_the_end(&self, apply: &[&str]) -> Vec<i32> {
        let mut args = apply.to_vec();
        args.extend(["--format", "json"]);
        let mut codes = Vec::new();
        while codes.len() < 40 {
            let ran = self.run(&args);
            codes.push(ran.code);
            match ran.code {
                0 => return codes,
                6 | 7 => {}
                _ => panic!("{codes:?}\n{}\n{}", ran.out, ran.err),
            }
            let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
            let next = answer["next"].as_array().expect("commands");
            for command in next.iter().filter_map(Value::as_str) {
                let words: Vec<&str> = command.split(' ').skip(1).collect();
                if words.first() != Some(&"apply") {
                    self.ends(&words, 0);
                }
            }
        }
        panic!("no end: {codes:?}");
    }

    pub(crate) fn show(&self) -> Value {
        let ran = self.ends(&["sim", "show", "fleet", "--format", "json"], 0);
        serde_json::from_str(&ran.out).expect("JSON")
    }

    /// How often the cloud was changed.
    pub(crate) fn calls(&self) -> u64 {
        self.show()["calls"]["mutating"].as_u64().expect("a number")
    }

    /// What is there, without what depends on when it came to be.
    pub(crate) fn picture(&self) -> Vec<Value> {
        let show = self.show();
        assert_eq!(show["lost_quota"], Value::Array(Vec::new()));
        let mut resources = show["resources"].as_array().expect("resources").clone();
        for resource in &mut resources {
            if let Some(resource) = resource.as_object_mut() {
                resource.retain(|key, _| key == "address" || key == "settings");
            }
            let settings = resource["settings"].as_object_mut().expect("settings");
            settings.retain(|key, _| !matches!(key.as_str(), "records" | "digest" | "run"));
            for value in settings.values_mut() {
                let time = value
                    .as_str()
                    .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok());
                if time {
                    *value = Value::from("TIME");
                }
            }
        }
        resources
    }

    /// The journal of the fleet's only run.
    pub(crate) fn journal(&self) -> PathBuf {
        let mut files = fs::read_dir(self.path("fleet/.stampctl/journal")).expect("a folder");
        let file = files.next().expect("a journal").expect("an entry");
        assert!(files.next().is_none(), "more than one run");
        file.path()
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            fs::create_dir(&target).expect("a folder");
            copy_all(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}
