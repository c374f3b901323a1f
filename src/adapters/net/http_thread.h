#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>

#include "adapters/net/dns_client.h"
#include "adapters/net/http_client.h"
#include "adapters/net/task.h"

namespace farshore::net {

// An HTTP client with a loop and a thread of its own, for a program whose loop serves thousands of
// connections: there a call would wait for all of them at each of its steps, so that its time
// limit, and the times that it measures, would say how busy the program is, and nothing of the
// server that was called.
//
// fetch() and stream() are called on the thread that runs `io`, and their coroutines end there. A
// call that is cancelled ends at once, as cancelled with Effect::possible; the transfer is aborted
// a moment later. `on_bytes` of stream() is called on the client's thread. Outlives its calls, and
// `io` outlives it.
class HttpThread final : public HttpClient {
  public:
    // Makes the DNS client of Options::resolver on the client's own loop; null: the system's
    // resolver.
    using MakeResolver = std::function<std::unique_ptr<DnsClient>(Io&)>;

    HttpThread(Io& io, Options options, const MakeResolver& make_resolver);
    ~HttpThread() override;
    HttpThread(const HttpThread&) = delete;
    HttpThread& operator=(const HttpThread&) = delete;

    Task<Result<HttpReply>> fetch(HttpCall call) override;
    Task<Result<HttpReply>> stream(
        HttpCall call, Duration silence_max, std::function<bool(std::string_view)> on_bytes
    ) override;

  private:
    struct Call;

    static Task<Result<HttpReply>> carry(Io* from, Io* to, Task<Result<HttpReply>> exchange);

    Io& io_;
    Io own_{1};
    boost::asio::executor_work_guard<Io::executor_type> work_;
    std::unique_ptr<DnsClient> resolver_;
    std::unique_ptr<HttpClient> client_;
    std::thread thread_;
};

}  // namespace farshore::net
