#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "core/host/host_bounds.h"
#include "core/host/parking.h"
#include "core/lease/terms.h"
#include "ports/clock.h"

#include "dataplane/ledger.h"
#include "dataplane/route_word.h"
#include "dataplane/statistics.h"
#include "sigv4/signer.h"

namespace farshore::dataplane {

// Where a Region's DynamoDB is reached. `host` is the name (or the IP address, without brackets)
// for the Host header, for SNI and for the certificate check; addresses come from the control
// thread, which resolves names in the background.
struct Upstream {
    RegionId region;
    bool tls = true;
    std::string host;
    std::uint16_t port = 443;
    std::string path;                    // what stands before each request's own; signed with it
    std::vector<std::string> addresses;  // IP literals to start with; may be empty
};

// Bounds of what the endpoint takes in. Each has a test. Where a configuration has the bound, the
// default is the configuration's.
struct Limits {
    std::size_t clients_max = 4096;
    std::size_t head_bytes_max = std::size_t{32} << 10U;
    // DynamoDB's largest request is a BatchWriteItem of 16 MB; a little more for its JSON clothes.
    std::size_t body_bytes_max = std::size_t{17} << 20U;
    // Requests being received, parked or forwarded, what applications sent behind them, their
    // signed copies and buffered answers, all clients together; above it 503, or the end of a
    // connection that has sent more behind its request. A quarter is kept for requests that have
    // arrived as a whole.
    std::size_t memory_bytes_max = std::size_t{256} << 20U;
    // Bytes held of answers that applications have not taken in yet, beyond what their sockets
    // hold. Above it the connection that adds to them is cut off.
    std::size_t unread_bytes_max = std::size_t{64} << 20U;

    // Of writes that nothing permits. After a fence those that are refused are answered 400
    // AccessDenied, else 503.
    core::ParkingBounds parking;
    // How long one write waits for permission before it is answered 503, until
    // set_parked_for_max() says otherwise.
    Duration parked_for_max = core::kDefaultTerms.hold_max;

    Duration client_idle_max = std::chrono::minutes{10};  // between requests
    // Within a request or an unread answer; and how long one answer may wait for it in all.
    Duration client_stalled_max = std::chrono::seconds{20};

    Duration connect_timeout = core::HostBounds{}.upstream_timeout;  // TCP and TLS together
    // Request sent to answer complete, without the time that it waits for the application.
    Duration upstream_timeout = core::HostBounds{}.upstream_timeout;
    std::size_t idle_connections_min = 2;  // per Region and loop, kept warm
    std::size_t connections_max = 128;     // per Region and loop, for reads and for writes each
    // One fresh and one reused probe per Region.
    Duration probe_interval = core::HostBounds{}.probe_every;
    Duration probe_timeout = core::HostBounds{}.upstream_timeout;
};

// A confirmation of an epoch: writes may be forwarded under it until `until`.
struct WritePermission {
    Epoch epoch;
    // When the asking began. A confirmation that began before the end of a hold does not count: a
    // controller that did not know of the switch yet may have given it.
    Instant asked_at;
    Instant until;
};

struct Route {
    Epoch epoch;
    RegionId active;
    // Writes are open at once with it; without it they wait for a grant().
    std::optional<Instant> writes_until;
};

struct HoldResult {
    std::uint64_t in_flight = 0;  // zero: every write is answered, none is on its way
};

struct FenceResult {
    std::uint64_t cut =
        0;  // writes whose connection was cut; their outcome is in the ledger as unknown
};

// The agent's DynamoDB endpoint: takes requests of local applications, signs them for the active
// Region and forwards them; parks, cuts and refuses writes as the control thread says (INV-S1).
//
// Threads: start() makes `loops` threads of its own. All members may be called from any one control
// thread at a time. Completion callbacks run on a loop thread: they must not block, must not throw,
// and may post to the control thread. None runs after stop() has returned.
class Endpoint {
  public:
    struct Options {
        std::string listen_address = "127.0.0.1";
        std::uint16_t listen_port = 8642;  // 0: any free one, see port()
        // More names of it for the Host header, beside its address and localhost: "name" or
        // "name:port".
        std::vector<std::string> listen_names;
        std::string unix_socket;  // path; empty: none. Mode 0660.
        std::size_t loops = 1;
        std::vector<Upstream> regions;   // at least one, at most 16
        std::string source_address;      // of upstream connections; empty: the system chooses
        std::string tls_ca_file;         // PEM; empty: the system's own
        sigv4::Credentials credentials;  // empty: requests are answered 503 until some are set
        // Not empty: requests must be signed by one of these (any Region scope), else 403-class
        // 400.
        std::vector<sigv4::Credentials> client_keys;
        Limits limits;
        EndpointLedger::Limits ledger_limits;
        std::size_t ledger_queue_bytes_max = std::size_t{64} << 20U;
        // UpdateItem does not tell the item it makes. With this, the agent asks DynamoDB for it and
        // keeps the answer to itself.
        bool ledger_learns_updates = true;
        // Sent by the probes, signed; an answer below 500 that takes the signature counts as
        // served.
        std::string probe_target = "DynamoDB_20120810.DescribeEndpoints";
        std::string probe_body = "{}";
        // The route to begin with (from disk): reads go there at once, writes wait for permission.
        Route route;
        std::shared_ptr<const ports::Clock> clock;  // mandatory
    };

    // Binds, starts the threads, begins to warm the pools. Errors: malformed (options), denied or
    // unavailable (address, socket path, CA file).
    [[nodiscard]] static Result<std::unique_ptr<Endpoint>> start(Options options);
    virtual ~Endpoint() = default;  // stops

    [[nodiscard]] virtual std::uint16_t port() const = 0;

    // What name resolution says now. Empty: the name does not resolve; existing connections go on,
    // new ones fail (and count as failed fresh ones).
    virtual void set_addresses(const RegionId& region, std::vector<std::string> addresses) = 0;
    virtual void set_credentials(sigv4::Credentials credentials) = 0;
    // How long one write waits for permission before it is answered 503: from now on, also those
    // that wait already.
    virtual void set_parked_for_max(Duration longest) = 0;

    // Takes the route of a higher epoch, or repeats the present one. Writes of an older epoch that
    // are still in flight to another Region are cut first, as by a fence without grace; parked
    // writes are released in arrival order. `done`: every loop follows this route, or the newer one
    // that was ordered meanwhile, whose word it gets. Other orders are judged by this route at
    // once. Errors: conflict (older epoch, an epoch below a fence, another Region in the same
    // epoch), not_found (unknown Region).
    [[nodiscard]] virtual Status set_route(
        Route route, std::function<void(RouteWord)> done = {}
    ) = 0;

    // Extends the permission to write, also of the writes that are on their way under this epoch.
    // Those whose permission ends before their answer came are cut, and their outcome is reported
    // as unknown. Errors: conflict (another epoch, held, fenced, or asked before the end of the
    // last hold); such a permission is not kept for later. An `until` earlier than the present one
    // shortens it; one in the past takes it away.
    [[nodiscard]] virtual Status grant(WritePermission permission) = 0;

    // Takes the permission away at once, also of the writes that are on their way, under a hold and
    // behind a fence too: those are cut. For a clock that cannot be trusted to tell its end.
    virtual void end_permission() = 0;

    // New writes wait; `done` once none is in flight, or when `length` has passed (then with their
    // number). The present permission goes on for what is in flight, and is forfeited for all else:
    // after `length` writes stay stopped until a grant() that was asked for after the hold's end, a
    // release() or a set_route(). Errors: conflict (fenced, or another epoch than the present one).
    [[nodiscard]] virtual Status hold(
        Epoch epoch, Duration length, std::function<void(HoldResult)> done
    ) = 0;

    // Ends a hold early: writes go on under the old epoch until `writes_until`; without it they
    // wait for a grant() that was asked for after this. Errors: conflict (not held, another epoch).
    [[nodiscard]] virtual Status release(
        Epoch epoch, std::optional<Instant> writes_until, std::function<void()> done = {}
    ) = 0;

    // `epoch` exists: no write under an older one from now on, for ever. Those in flight get
    // `grace` to be answered, then their connections are reset and clients are told that the
    // outcome is unknown. `done`: no older write is on its way. Parked writes stay parked for the
    // route, within their bounds. Errors: conflict (`epoch` is not above the present one).
    [[nodiscard]] virtual Status fence(
        Epoch epoch, Duration grace, std::function<void(FenceResult)> done
    ) = 0;

    // Changes no route. `done`: no write of an epoch below `below` is on its way; those that were
    // not answered `within` were cut as by a fence.
    virtual void settle(Epoch below, Duration within, std::function<void(FenceResult)> done) = 0;

    [[nodiscard]] virtual RouteWord route() const = 0;  // with the effective write state
    [[nodiscard]] virtual Statistics statistics() const = 0;
    // When the loop that turned longest ago did; loops turn ten times a second at least. From any
    // thread, without locks.
    [[nodiscard]] virtual Instant slowest_turn() const = 0;
    [[nodiscard]] virtual EndpointLedger& ledger() = 0;

    // Takes no new connection and no new request, answers what waits with 503, and gives what is on
    // its way `within` to be answered. Then the rest is cut, and its outcome reported as unknown.
    // `done` hears how many writes that were, when applications have taken in their answers or half
    // a second later; stop() is what is left to do.
    virtual void wind_down(Duration within, std::function<void(std::uint64_t)> done) = 0;

    // Ends the threads; requests under way are cut without a word. Idempotent. Orders that come
    // later are judged like any, and never done.
    virtual void stop() = 0;
};

}  // namespace farshore::dataplane
