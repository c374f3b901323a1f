#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/net/curl_loop.h"
#include "adapters/net/http_client.h"
#include "wire/url.h"

namespace farshore::net {

struct ExchangeTimes {
    Duration lookup{};  // already spent
    Duration total{};   // still allowed
    std::optional<Duration> silence_max;
};

// One call through libcurl: its handle, what has arrived, and what became of it. Leaving the scope
// aborts the transfer.
class HttpExchange final : private CurlTransfer {
  public:
    HttpExchange(
        Io& io,
        std::shared_ptr<CurlLoop> loop,
        HttpCall call,
        std::function<bool(std::string_view)> on_bytes
    );
    ~HttpExchange();
    HttpExchange(const HttpExchange&) = delete;
    HttpExchange& operator=(const HttpExchange&) = delete;

    // Hands the call to libcurl. Empty `addresses`: libcurl resolves the name.
    [[nodiscard]] Status prepare(
        const HttpClient::Options& options,
        const wire::Url& url,
        const std::vector<std::string>& addresses,
        ExchangeTimes times
    );

    // Cancelled when the exchange has ended or the deadline has moved.
    [[nodiscard]] Timer& wake() { return wake_; }

    // Later than the last piece of a stream by silence_max; for ever when libcurl keeps the time.
    [[nodiscard]] Timer::time_point deadline() const { return deadline_; }

    [[nodiscard]] bool has_ended() const { return code_.has_value(); }

    [[nodiscard]] bool head_seen() const { return head_seen_; }

    [[nodiscard]] Effect effect() const;
    [[nodiscard]] Result<HttpReply> take_reply();

  private:
    void ended(CURLcode code) override;

    [[nodiscard]] Status set_request(const wire::Url& url);
    void set_connection(
        const HttpClient::Options& options,
        const wire::Url& url,
        const std::vector<std::string>& addresses
    );
    void set_callbacks();
    void add_header(const std::string& line);
    [[nodiscard]] Error error_from(CURLcode code) const;
    void read_timings();

    static std::size_t on_header(const char* bytes, std::size_t one, std::size_t count, void* self);
    static std::size_t on_body(const char* bytes, std::size_t one, std::size_t count, void* self);
    static int before_request(
        void* self, char* remote, char* local, int remote_port, int local_port
    );

    [[nodiscard]] bool note_header(std::string_view line);
    void note_end_of_head();
    [[nodiscard]] bool note_body(std::string_view bytes);

    std::shared_ptr<CurlLoop> loop_;
    CURL* easy_;
    curl_slist* header_list_ = nullptr;
    curl_slist* resolve_list_ = nullptr;
    HttpCall call_;
    std::function<bool(std::string_view)> on_bytes_;
    ExchangeTimes times_;
    Timer wake_;
    Timer::time_point deadline_ = Timer::time_point::max();
    HttpReply reply_;
    std::optional<CURLcode> code_;
    std::array<char, CURL_ERROR_SIZE> error_text_{};
    std::size_t head_bytes_ = 0;
    int requests_begun_ = 0;
    bool head_seen_ = false;
    bool enough_ = false;    // on_bytes has said so
    bool too_long_ = false;  // the body
    bool repeated_ = false;  // libcurl wanted to send the request once more
};

}  // namespace farshore::net
