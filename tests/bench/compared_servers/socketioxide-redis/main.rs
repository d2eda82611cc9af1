//! The tutorial's app on socketioxide with its Redis adapter, as its documentation writes it: `message` is broadcast as
//! `response` to the clients of all processes. Listens on 127.0.0.1 at the port of the environment.

use axum::serve::ListenerExt;
use serde_json::{json, Value};
use socketioxide::adapter::Adapter;
use socketioxide::extract::{Data, SocketRef};
use socketioxide::SocketIo;
use socketioxide_redis::drivers::redis::redis_client;
use socketioxide_redis::{RedisAdapter, RedisAdapterCtr};

async fn on_connect<A: Adapter>(socket: SocketRef<A>) {
    socket.on("message", async |io: SocketIo<A>, Data(data): Data<Value>| {
        io.emit("response", &json!({ "echo": data })).await.ok();
    });
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let client = redis_client::Client::open(format!("{}?protocol=resp3", std::env::var("REDIS_URL")?))?;
    let adapter = RedisAdapterCtr::new_with_redis(&client).await?;
    let (layer, io) = SocketIo::builder().with_adapter::<RedisAdapter<_>>(adapter).build_layer();
    io.ns("/", on_connect).await?;
    let port: u16 = std::env::var("PORT")?.parse()?;
    // axum leaves Nagle's algorithm on, and small frames would wait for acknowledgements of earlier ones.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await?
        .tap_io(|stream| stream.set_nodelay(true).expect("TCP_NODELAY"));
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // As many workers as the process may use cores.
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve())
}
