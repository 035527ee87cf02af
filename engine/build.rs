//! Takes the version of the regorus crate from the lock file, so that reports name what really ran.

fn main() {
    println!("cargo:rerun-if-changed=Cargo.lock");
    let lock = std::fs::read_to_string("Cargo.lock").unwrap_or_default();
    let version = lock
        .split("[[package]]")
        .find(|entry| entry.contains("name = \"regorus\""))
        .and_then(|entry| entry.lines().find_map(|l| l.strip_prefix("version = ")))
        .unwrap_or("unknown")
        .trim_matches('"')
        .to_string();
    println!("cargo:rustc-env=REGORUS_VERSION={version}");
}
