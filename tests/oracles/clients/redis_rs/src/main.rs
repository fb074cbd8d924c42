//! redis-rs: says what it makes of a URL. Called with the URL and a prefix for keys; see ../../README.md.
#![allow(clippy::print_stdout, reason = "this is what it is for")]

use redis::{Client, Commands, RedisResult};
use serde_json::{Value, json};

fn main() -> RedisResult<()> {
    let mut arguments = std::env::args().skip(1);
    let (url, prefix) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    println!("{}", probe(&url, &format!("{prefix}probe"))?);
    Ok(())
}

fn probe(url: &str, key: &str) -> RedisResult<Value> {
    let mut connection = Client::open(url)?.get_connection()?;
    connection.set::<_, _, ()>(key, "written by redis-rs")?;
    let whoami: String = redis::cmd("ACL").arg("WHOAMI").query(&mut connection)?;
    let info: String = redis::cmd("CLIENT").arg("INFO").query(&mut connection)?;
    let db = info.split(' ').find_map(|pair| pair.strip_prefix("db=")).and_then(|number| number.parse::<u32>().ok());
    let foreign = connection.get::<_, Option<String>>("foreign:probe").err().map(|error| error.to_string());
    Ok(json!({ "whoami": whoami, "got": connection.get::<_, String>(key)?, "db": db, "foreign": foreign }))
}
