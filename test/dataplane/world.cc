#include "dataplane/world.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/assert.h"
#include "base/text.h"

#include "http1/body.h"

namespace farshore::dataplane::test {

std::string Answer::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (equals_ignoring_case(key, name)) {
            return value;
        }
    }
    return {};
}

Application::Application(std::uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FARSHORE_ASSERT(
        ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "the endpoint listens"
    );
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Application::Application(const std::string& unix_path)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
    FARSHORE_ASSERT(
        ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "the socket listens"
    );
}

Application::~Application() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

Application::Application(Application&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)) {}

Application& Application::operator=(Application&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(in_, other.in_);
    return *this;
}

bool Application::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool Application::fill(std::chrono::steady_clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now()
    );
    pollfd poll{.fd = fd_, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&poll, 1, static_cast<int>(left.count())) <= 0) {
        return false;
    }
    std::array<char, 65536> buffer{};
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
        return false;
    }
    in_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
}

std::optional<Answer> Application::read(std::chrono::milliseconds within) {
    const auto until = std::chrono::steady_clock::now() + within;
    std::size_t searched = 0;
    http1::HeadEnd end;
    while (!(end = http1::find_head_end(in_, searched, 1 << 20)).size) {
        if (end.refused || !fill(until)) {
            return std::nullopt;
        }
    }
    const std::string head_bytes = in_.substr(0, *end.size);
    in_.erase(0, *end.size);
    http1::ResponseHead head;
    if (http1::parse_response_head(head_bytes, head)) {
        return std::nullopt;
    }
    Answer answer{.status = head.status, .headers = {}, .body = {}};
    for (const http1::Field& field : head.fields) {
        answer.headers.emplace_back(field.name, field.value);
    }
    if (answer.status == 100) {
        return answer;
    }
    http1::BodyReader body;
    body.start(head.body, 1U << 30U);
    while (true) {
        in_.erase(0, body.feed(in_, answer.body));
        if (body.done()) {
            return answer;
        }
        if (body.refused() || !fill(until)) {
            return std::nullopt;
        }
    }
}

bool Application::ended(std::chrono::milliseconds within) {
    const auto until = std::chrono::steady_clock::now() + within;
    while (fill(until)) {
    }
    return std::chrono::steady_clock::now() < until;
}

std::string request_text(
    std::string_view operation, std::string_view body, const std::string& more_headers
) {
    std::string out = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: DynamoDB_20120810.";
    out += operation;
    out += "\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n";
    out += more_headers + "\r\n";
    out += body;
    return out;
}

std::optional<Answer> Application::call(
    std::string_view operation, std::string_view body, const std::string& more_headers
) {
    if (!send(request_text(operation, body, more_headers))) {
        return std::nullopt;
    }
    return read();
}

bool eventually(const std::function<bool()>& claim) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!claim()) {
        if (std::chrono::steady_clock::now() > until) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

sigv4::Credentials test_credentials() {
    return {
        .access_key_id = "AKIDEXAMPLE",
        .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        .session_token = "a-session-token",
        .expires = std::nullopt,
    };
}

World::World() = default;

void World::start(const std::function<void(Endpoint::Options&)>& adjust) {
    Endpoint::Options options;
    options.listen_port = 0;
    options.regions = {
        {.region = kEast,
         .tls = false,
         .host = "dynamodb.us-east-1.test",
         .port = east.port(),
         .addresses = {"127.0.0.1"}},
        {.region = kWest,
         .tls = false,
         .host = "dynamodb.eu-west-1.test",
         .port = west.port(),
         .addresses = {"127.0.0.1"}},
    };
    options.credentials = test_credentials();
    options.route = {
        .epoch = Epoch{1}, .active = kEast, .writes_until = in(std::chrono::minutes{10})
    };
    options.clock = clock;
    // Machines that run tests are slow: nothing is given up that a test does not want given up.
    options.limits.upstream_timeout = std::chrono::seconds{10};
    options.limits.connect_timeout = std::chrono::seconds{3};
    options.limits.probe_timeout = std::chrono::seconds{3};
    if (adjust) {
        adjust(options);
    }
    auto started = Endpoint::start(std::move(options));
    ASSERT_TRUE(started) << started.error().text;
    endpoint = std::move(*started);
}

void World::route_to(std::uint64_t epoch, const RegionId& region) {
    // Shared: the loop may still be inside set_value() when the waiting has ended.
    auto done = std::make_shared<std::promise<void>>();
    const Status status = endpoint->set_route(
        {.epoch = Epoch{epoch}, .active = region, .writes_until = in(std::chrono::minutes{10})},
        [done](RouteWord) { done->set_value(); }
    );
    ASSERT_TRUE(status) << status.error().text;
    done->get_future().wait();
}

HoldResult World::hold(Duration length) {
    auto done = std::make_shared<std::promise<HoldResult>>();
    const Status status = endpoint->hold(
        endpoint->route().epoch, length, [done](HoldResult result) { done->set_value(result); }
    );
    EXPECT_TRUE(status) << status.error().text;
    return done->get_future().get();
}

FenceResult World::fence(std::uint64_t epoch, Duration grace) {
    auto done = std::make_shared<std::promise<FenceResult>>();
    const Status status = endpoint->fence(Epoch{epoch}, grace, [done](FenceResult result) {
        done->set_value(result);
    });
    EXPECT_TRUE(status) << status.error().text;
    return done->get_future().get();
}

void World::wait_for_a_round() {
    // An answer of the endpoint's own: given in one round, read from in the next.
    Application app = application();
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(app.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        ASSERT_TRUE(app.read());
    }
}

void World::wait_for_first_probes() const {
    ASSERT_TRUE(eventually([this] {
        return std::ranges::all_of(
            endpoint->statistics().regions,
            [](const RegionStatistics& region) { return region.by(Path::fresh).ok > 0; }
        );
    }));
}

}  // namespace farshore::dataplane::test
