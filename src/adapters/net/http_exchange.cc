#include "adapters/net/http_exchange.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/text.h"

namespace farshore::net {

namespace {

constexpr std::size_t kHeadBytesMax = 256 * 1024;

long ms_of(Duration duration) {
    // libcurl reads zero as "no limit".
    return std::max<long>(1, static_cast<long>(to_ms(duration)));
}

long seconds_of(Duration duration) {
    return std::max<long>(1, std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

bool ends_a_line(std::string_view text) {
    return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

// Requests that RFC 9110 calls safe may be sent again.
bool is_safe(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool carries_body(const HttpCall& call) {
    return !call.body.empty() || call.method == "POST" || call.method == "PUT" ||
           call.method == "PATCH";
}

Duration timing(CURL* easy, CURLINFO what) {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(easy, what, &microseconds);
    return std::chrono::microseconds{microseconds};
}

// Of the server's own certificate, which libcurl lists first: "Expire date:Dec  1 12:00:00 2036
// GMT".
std::optional<UtcTime> certificate_end(CURL* easy) {
    curl_certinfo* chain = nullptr;
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
        chain->num_of_certs < 1) {
        return std::nullopt;
    }
    constexpr std::string_view kName = "Expire date:";
    for (const curl_slist* each = chain->certinfo[0]; each != nullptr; each = each->next) {
        const std::string_view line = each->data;
        if (line.starts_with(kName)) {
            const std::string date{line.substr(kName.size())};
            const std::time_t seconds = curl_getdate(date.c_str(), nullptr);
            return seconds < 0 ? std::nullopt
                               : std::optional{utc_from_ms(std::int64_t{seconds} * 1000)};
        }
    }
    return std::nullopt;
}

}  // namespace

HttpExchange::HttpExchange(
    Io& io,
    std::shared_ptr<CurlLoop> loop,
    HttpCall call,
    std::function<bool(std::string_view)> on_bytes
)
    : loop_(std::move(loop)),
      easy_(curl_easy_init()),
      call_(std::move(call)),
      on_bytes_(std::move(on_bytes)),
      wake_(io.get_executor()) {
    FARSHORE_ASSERT(easy_ != nullptr, "memory for libcurl");
}

HttpExchange::~HttpExchange() {
    loop_->remove(easy_);
    curl_easy_cleanup(easy_);
    curl_slist_free_all(header_list_);
    curl_slist_free_all(resolve_list_);
}

Status HttpExchange::prepare(
    const HttpClient::Options& options,
    const wire::Url& url,
    const std::vector<std::string>& addresses,
    ExchangeTimes times
) {
    times_ = times;
    const Status request = set_request(url);
    if (!request) {
        return request;
    }
    set_connection(options, url, addresses);
    set_callbacks();
    if (times_.silence_max) {
        deadline_ = std::chrono::steady_clock::now() + times_.total;
    } else {
        curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, ms_of(times_.total));
    }
    curl_easy_setopt(
        easy_, CURLOPT_CONNECTTIMEOUT_MS, ms_of(std::min(call_.connect_timeout, times_.total))
    );
    if (!loop_->add(easy_, *this)) {
        return fail(ErrorKind::exhausted, "libcurl accepts no further call");
    }
    return {};
}

void HttpExchange::add_header(const std::string& line) {
    curl_slist* longer = curl_slist_append(header_list_, line.c_str());
    FARSHORE_ASSERT(longer != nullptr, "memory for libcurl");
    header_list_ = longer;
}

Status HttpExchange::set_request(const wire::Url& url) {
    if (call_.method.empty() || ends_a_line(call_.method) || call_.method.contains(' ')) {
        return fail(ErrorKind::malformed, "not an HTTP method");
    }
    curl_easy_setopt(easy_, CURLOPT_URL, url.text().c_str());
    curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);  // the path may be part of a signature
    if (call_.method == "HEAD") {
        curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    } else if (carries_body(call_)) {
        curl_easy_setopt(easy_, CURLOPT_POST, 1L);
        curl_easy_setopt(
            easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size())
        );
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, call_.body.c_str());
    }
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, call_.method.c_str());
    // A header without a value removes what libcurl would add by itself.
    for (const char* removed : {"Expect:", "Accept:", "Content-Type:"}) {
        const std::string_view name =
            std::string_view{removed}.substr(0, std::string_view{removed}.size() - 1);
        if (!find_header(call_.headers, name)) {
            add_header(removed);
        }
    }
    for (const HttpHeader& header : call_.headers) {
        if (header.name.empty() || ends_a_line(header.name) || header.name.contains(':') ||
            ends_a_line(header.value)) {
            return fail(
                ErrorKind::malformed,
                "a header that would end its line: " + header.name.substr(0, 40)
            );
        }
        add_header(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
    }
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_);
    return {};
}

void HttpExchange::set_connection(
    const HttpClient::Options& options,
    const wire::Url& url,
    const std::vector<std::string>& addresses
) {
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy_, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy_, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy_, CURLOPT_MAXLIFETIME_CONN, seconds_of(options.connection_age_max));
    curl_easy_setopt(easy_, CURLOPT_MAXAGE_CONN, seconds_of(options.connection_age_max));
    if (!options.use_environment_proxy) {
        curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    }
    if (!options.source_address.empty()) {
        curl_easy_setopt(easy_, CURLOPT_INTERFACE, ("host!" + options.source_address).c_str());
    }
    if (!options.ca_file.empty()) {
        curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
        curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
    }
    if (call_.asks_certificate) {
        curl_easy_setopt(easy_, CURLOPT_CERTINFO, 1L);
    }
    if (call_.fresh_connection) {
        curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
    }
    if (!addresses.empty()) {
        // An entry replaces the one that an earlier call gave for the same name and port.
        std::string entry = url.host + ":" + std::to_string(url.port) + ":";
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            entry += (i == 0 ? "" : ",") + addresses[i];
        }
        resolve_list_ = curl_slist_append(nullptr, entry.c_str());
        curl_easy_setopt(easy_, CURLOPT_RESOLVE, resolve_list_);
    }
}

void HttpExchange::set_callbacks() {
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &HttpExchange::on_header);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &HttpExchange::on_body);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &HttpExchange::before_request);
    curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
}

// When a reused connection ends before the first byte of an answer, libcurl sends the request again
// by itself. The first one may have been executed, so we allow that to safe methods only.
int HttpExchange::
    before_request(void* self, char* /*remote*/, char* /*local*/, int /*rport*/, int /*lport*/) {
    auto* exchange = static_cast<HttpExchange*>(self);
    if (++exchange->requests_begun_ > 1 && !is_safe(exchange->call_.method)) {
        exchange->repeated_ = true;
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

std::size_t HttpExchange::on_header(
    const char* bytes, std::size_t one, std::size_t count, void* self
) {
    return static_cast<HttpExchange*>(self)->note_header({bytes, one * count}) ? one * count : 0;
}

std::size_t HttpExchange::on_body(
    const char* bytes, std::size_t one, std::size_t count, void* self
) {
    return static_cast<HttpExchange*>(self)->note_body({bytes, one * count}) ? one * count : 0;
}

bool HttpExchange::note_header(std::string_view line) {
    head_bytes_ += line.size();
    if (head_bytes_ > kHeadBytesMax) {
        too_long_ = true;
        return false;
    }
    if (line.starts_with("HTTP/")) {
        // A new head: an interim answer came before it.
        reply_.headers.clear();
        return true;
    }
    const std::string_view text = line.substr(0, line.find_last_not_of("\r\n") + 1);
    if (text.empty()) {
        note_end_of_head();
        return true;
    }
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos) {
        reply_.headers.push_back(
            {.name = std::string{text.substr(0, colon)},
             .value = std::string{trim(text.substr(colon + 1))}}
        );
    }
    return true;
}

void HttpExchange::note_end_of_head() {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) {
        return;
    }
    head_seen_ = true;
    if (call_.leave_after_server_error && status >= 500) {
        // libcurl reads the option when the transfer ends.
        curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
    }
    if (times_.silence_max) {
        // The waiter looks at the new deadline, which may be the earlier one.
        deadline_ = std::chrono::steady_clock::now() + *times_.silence_max;
        wake_.cancel();
    }
}

bool HttpExchange::note_body(std::string_view bytes) {
    if (on_bytes_) {
        deadline_ = std::chrono::steady_clock::now() + *times_.silence_max;
        enough_ = !on_bytes_(bytes);
        return !enough_;
    }
    if (bytes.size() > call_.body_bytes_max - reply_.body.size()) {
        too_long_ = true;
        return false;
    }
    reply_.body.append(bytes);
    return true;
}

void HttpExchange::ended(CURLcode code) {
    code_ = code;
    wake_.cancel();
}

Effect HttpExchange::effect() const {
    long sent = 0;
    curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0 || requests_begun_ > 1 ? Effect::possible : Effect::none;
}

Error HttpExchange::error_from(CURLcode code) const {
    Error error{
        .kind = ErrorKind::unavailable, .effect = effect(), .text = {}, .remedy = {}, .code = {}
    };
    error.text = error_text_[0] == '\0' ? curl_easy_strerror(code) : error_text_.data();
    if (repeated_) {
        error.text = "the reused connection ended before an answer";
    } else if (too_long_) {
        error.kind = ErrorKind::exhausted;
        error.text = "the answer is longer than " + std::to_string(call_.body_bytes_max) +
                     " bytes, or its head than " + std::to_string(kHeadBytesMax);
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        error.kind = ErrorKind::timed_out;
    } else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
               code == CURLE_INTERFACE_FAILED) {
        error.kind = ErrorKind::malformed;
    } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
        error.code = kCertificateRefused;
    }
    return error;
}

void HttpExchange::read_timings() {
    long connects = 0;
    curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &connects);
    reply_.reused_connection = connects == 0;
    HttpTimings& timings = reply_.timings;
    if (!reply_.reused_connection) {
        timings.name_lookup = times_.lookup + timing(easy_, CURLINFO_NAMELOOKUP_TIME_T);
        timings.connect = times_.lookup + timing(easy_, CURLINFO_CONNECT_TIME_T);
        const Duration tls = timing(easy_, CURLINFO_APPCONNECT_TIME_T);
        timings.tls = tls == Duration{} ? tls : times_.lookup + tls;
    }
    timings.first_byte = times_.lookup + timing(easy_, CURLINFO_STARTTRANSFER_TIME_T);
    timings.total = times_.lookup + timing(easy_, CURLINFO_TOTAL_TIME_T);
}

Result<HttpReply> HttpExchange::take_reply() {
    FARSHORE_ASSERT(code_.has_value(), "an exchange that has not ended has no reply");
    if (*code_ != CURLE_OK && !enough_) {
        return std::unexpected(error_from(*code_));
    }
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    reply_.status = static_cast<int>(status);
    const char* remote = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &remote);
    reply_.remote_address = remote == nullptr ? "" : remote;
    read_timings();
    if (call_.asks_certificate) {
        reply_.certificate_ends = certificate_end(easy_);
    }
    return std::move(reply_);
}

}  // namespace farshore::net
