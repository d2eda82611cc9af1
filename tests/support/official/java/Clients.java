import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Manager;
import io.socket.client.Socket;
import io.socket.engineio.client.EngineIOException;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** Many io.socket:socket.io-client clients in one process; what it is told and what it reports is described in ../node.mjs. */
public final class Clients {
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private static final Map<String, Map<String, Socket>> CLIENTS = new HashMap<>();

  public static void main(String[] ignored) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      JSONObject command = new JSONObject(line);
      String client = command.getString("client");
      switch (command.getString("do")) {
        case "open" -> open(client, command);
        case "emit" -> emit(client, command);
        case "leave" -> CLIENTS.get(client).get(command.getString("namespace")).close();
        case "close" -> {
          CLIENTS.remove(client).values().forEach(Socket::close);
          report(client, "close");
        }
        default -> throw new IllegalArgumentException(line);
      }
    }
    System.exit(0); // the library keeps threads
  }

  private static void open(String client, JSONObject command) throws Exception {
    JSONObject given = command.getJSONObject("options");
    IO.Options options = new IO.Options();
    options.transports = strings(given.getJSONArray("transports")).toArray(String[]::new);
    options.reconnectionDelay = given.getLong("reconnectionDelay");
    options.reconnectionDelayMax = given.getLong("reconnectionDelayMax");
    if (command.has("auth")) {
      options.auth = new HashMap<>();
      JSONObject auth = command.getJSONObject("auth");
      for (Iterator<?> keys = auth.keys(); keys.hasNext(); ) {
        String key = (String) keys.next();
        options.auth.put(key, auth.getString(key)); // the library knows only strings here
      }
    }
    Manager manager = new Manager(new URI(command.getString("url")), options);
    manager.on(Manager.EVENT_OPEN, none -> watchTransport(client, manager));
    Map<String, Socket> sockets = new HashMap<>();
    CLIENTS.put(client, sockets);
    for (String namespace : strings(command.getJSONArray("namespaces"))) {
      Socket socket = manager.socket(namespace, options);
      sockets.put(namespace, socket);
      watch(client, namespace, socket);
      socket.connect();
    }
  }

  private static void watch(String client, String namespace, Socket socket) {
    socket.on(Socket.EVENT_CONNECT, none -> report(client, "connect", "namespace", namespace, "sid", socket.id()));
    socket.on(Socket.EVENT_DISCONNECT, why -> report(client, "disconnect", "namespace", namespace, "reason", why[0]));
    socket.on(Socket.EVENT_CONNECT_ERROR, what -> report(client, "error", "namespace", namespace, "message", message(what[0])));
    socket.onAnyIncoming(values -> {
      List<Object> args = new ArrayList<>(Arrays.asList(values));
      Object event = args.remove(0);
      boolean asks = !args.isEmpty() && args.get(args.size() - 1) instanceof Ack;
      Ack ack = asks ? (Ack) args.remove(args.size() - 1) : null;
      report(client, "event", "namespace", namespace, "event", event, "args", toWire(args.toArray()));
      if (asks) {
        args.add(0, "got");
        ack.call(args.toArray());
      }
    });
  }

  /** The library shows its transport to nobody. */
  private static void watchTransport(String client, Manager manager) {
    try {
      Field field = Manager.class.getDeclaredField("engine");
      field.setAccessible(true);
      io.socket.engineio.client.Socket engine = (io.socket.engineio.client.Socket) field.get(manager);
      Field transport = io.socket.engineio.client.Socket.class.getDeclaredField("transport");
      transport.setAccessible(true);
      report(client, "transport", "name", ((io.socket.engineio.client.Transport) transport.get(engine)).name);
      engine.once(io.socket.engineio.client.Socket.EVENT_UPGRADE, now ->
          report(client, "transport", "name", ((io.socket.engineio.client.Transport) now[0]).name));
    } catch (ReflectiveOperationException error) {
      throw new IllegalStateException(error);
    }
  }

  private static void emit(String client, JSONObject command) throws JSONException {
    JSONArray given = command.getJSONArray("args");
    Object[] args = new Object[given.length()];
    for (int i = 0; i < args.length; i++) args[i] = fromWire(present(given.opt(i)));
    Socket socket = CLIENTS.get(client).get(command.getString("namespace"));
    if (!command.has("ack")) {
      socket.emit(command.getString("event"), args);
      return;
    }
    int ack = command.getInt("ack");
    socket.emit(command.getString("event"), args, answer -> report(client, "ack", "ack", ack, "args", toWire(answer)));
  }

  private static String message(Object error) {
    try {
      if (error instanceof JSONObject refused) return refused.getString("message");
    } catch (JSONException none) {
      return error.toString();
    }
    Object code = error instanceof EngineIOException failed ? failed.code : null;
    return error + (code == null ? "" : " (" + code + ")");
  }

  private static Object fromWire(Object value) throws JSONException {
    if (value instanceof JSONArray array) {
      JSONArray changed = new JSONArray();
      for (int i = 0; i < array.length(); i++) changed.put(fromWire(present(array.opt(i))));
      return changed;
    }
    if (!(value instanceof JSONObject object)) return value;
    if (object.has("$bytes")) return Base64.getDecoder().decode(object.getString("$bytes"));
    JSONObject changed = new JSONObject();
    for (Iterator<?> keys = object.keys(); keys.hasNext(); ) {
      String key = (String) keys.next();
      changed.put(key, fromWire(present(object.opt(key))));
    }
    return changed;
  }

  private static Object toWire(Object value) {
    try {
      if (value instanceof byte[] bytes) return new JSONObject().put("$bytes", Base64.getEncoder().encodeToString(bytes));
      if (value instanceof Object[] array) return toWire(new JSONArray(Arrays.asList(array)));
      if (value instanceof JSONArray array) {
        JSONArray changed = new JSONArray();
        for (int i = 0; i < array.length(); i++) changed.put(toWire(present(array.opt(i))));
        return changed;
      }
      if (!(value instanceof JSONObject object)) return value;
      JSONObject changed = new JSONObject();
      for (Iterator<?> keys = object.keys(); keys.hasNext(); ) {
        String key = (String) keys.next();
        changed.put(key, toWire(present(object.opt(key))));
      }
      return changed;
    } catch (JSONException error) {
      throw new IllegalStateException(error);
    }
  }

  /** The library's JSON has two words for null, and forgets what is under the shorter one. */
  private static Object present(Object value) {
    return value == null ? JSONObject.NULL : value;
  }

  private static List<String> strings(JSONArray array) throws JSONException {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < array.length(); i++) made.add(array.getString(i));
    return made;
  }

  private static synchronized void report(String client, String saw, Object... more) {
    try {
      JSONObject line = new JSONObject().put("client", client).put("saw", saw);
      for (int i = 0; i < more.length; i += 2) line.put((String) more[i], more[i + 1]);
      OUT.println(line);
    } catch (JSONException error) {
      throw new IllegalStateException(error);
    }
  }
}
