//! The tutorial's app on socketioxide, as its documentation writes it: `message` is broadcast as `response`,
//! `ask` is acknowledged. Listens on
//! 127.0.0.1 at the port of the environment.

use axum::serve::ListenerExt;
use serde_json::{json, Value};
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide::SocketIo;

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("message", async |io: SocketIo, Data(data): Data<Value>| {
            io.emit("response", &json!({ "echo": data })).await.ok();
        });
        socket.on("ask", async |Data(data): Data<Value>, ack: AckSender| {
            ack.send(&data).ok();
        });
    });
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
