//! Which construct takes the place of which: data, read once.

use crate::knowledge::schema::Vehicle;
use serde::Deserialize;
use std::sync::OnceLock;

/// What `swaps.toml` says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    swap: Vec<Swap>,
    counterpart: Vec<Counterpart>,
    client: Vec<Client>,
}

/// A construct and what takes its place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swap {
    /// Canonical names of the construct.
    pub from: Vec<String>,
    /// What runs the work afterwards.
    pub to: Vehicle,
    /// The module of what takes its place.
    pub module: String,
    /// Its name in there.
    pub name: String,
    /// Arguments that it does not have.
    #[serde(default)]
    pub drop: Vec<String>,
}

/// A call that waits, and the coroutines that do the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterpart {
    /// Its canonical name.
    pub blocking: String,
    /// For asyncio.
    pub asyncio: String,
    /// For anyio.
    pub anyio: String,
    /// For trio.
    pub trio: String,
}

/// A library's blocking client, and the asynchronous one that it has beside it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The module of both classes.
    pub module: String,
    /// The blocking class.
    pub blocking: String,
    /// The class with the same methods as coroutines.
    pub asynchronous: String,
    /// Methods that are coroutines there, and functions of the module here.
    pub shortcuts: Vec<String>,
    /// Arguments of such a function that the asynchronous client's constructor takes.
    pub of_client: Vec<String>,
    /// Arguments of the constructor that must be others for the asynchronous client.
    pub differently: Vec<String>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is compiled in, and a test reads it.
    TABLE.get_or_init(|| toml::from_str(include_str!("swaps.toml")).unwrap_or_default())
}

/// What takes the place of a construct.
pub fn swap(from: &str, to: Vehicle) -> Option<&'static Swap> {
    table().swap.iter().find(|swap| swap.to == to && swap.from.iter().any(|name| name == from))
}

/// The coroutines that do what a blocking call does.
pub fn counterpart(blocking: &str) -> Option<&'static Counterpart> {
    table().counterpart.iter().find(|c| c.blocking == blocking)
}

/// Libraries with a blocking and an asynchronous client.
pub fn clients() -> &'static [Client] {
    &table().client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let table: Table = toml::from_str(include_str!("swaps.toml")).unwrap();
        assert!(table.swap.iter().all(|swap| !swap.from.is_empty()));
        let there = swap("threading.Thread", Vehicle::Process).unwrap();
        let back = swap("multiprocessing.Process", Vehicle::Thread).unwrap();
        assert_eq!((there.name.as_str(), back.name.as_str()), ("Process", "Thread"));
        assert!(counterpart("time.sleep").is_some());
        assert_eq!(clients().len(), 1);
    }
}
