// modules: wire adapters/net
//
// Whatever stands where a URL or an address is expected: what our reader accepts means the same to
// libcurl, which sends the requests, and to our reader again; what it refuses has its words.

#include <cstdint>
#include <curl/curl.h>
#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "wire/url.h"

namespace {

using farshore::wire::Url;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) {
        return {};
    }
    const std::string copy{text};
    curl_free(text);
    return copy;
}

void check_against_curl(const Url& url, const std::string& text) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> curl(curl_url(), &curl_url_cleanup);
    const CURLUcode read = curl_url_set(curl.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS);
    FARSHORE_ASSERT(read == CURLUE_OK, "libcurl accepts what we accept");
    FARSHORE_ASSERT(
        part_of(curl.get(), CURLUPART_SCHEME) == (url.tls ? "https" : "http"), "scheme"
    );
    FARSHORE_ASSERT(
        part_of(curl.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT) == std::to_string(url.port), "port"
    );
    FARSHORE_ASSERT(part_of(curl.get(), CURLUPART_USER).empty(), "no user");
    FARSHORE_ASSERT(part_of(curl.get(), CURLUPART_FRAGMENT).empty(), "no fragment");
    FARSHORE_ASSERT(
        part_of(curl.get(), CURLUPART_PATH) == (url.path.empty() ? "/" : url.path), "path"
    );
    FARSHORE_ASSERT(part_of(curl.get(), CURLUPART_QUERY) == url.query, "query");
    std::string host = part_of(curl.get(), CURLUPART_HOST);
    if (host.starts_with('[')) {
        // An address may be written in several ways: `::0:1`.
        FARSHORE_ASSERT(farshore::wire::is_ip_address(url.host), "an address");
    } else {
        for (char& c : host) {
            c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        }
        FARSHORE_ASSERT(host == url.host, "host");
    }
}

void check_reading(std::string_view text) {
    const auto url = farshore::wire::parse_url(text);
    if (!url) {
        FARSHORE_ASSERT(!url.error().text.empty() && !url.error().remedy.empty(), "words");
        return;
    }
    check_against_curl(*url, std::string{text});
    check_against_curl(*url, url->text());
    FARSHORE_ASSERT(*farshore::wire::parse_url(url->text()) == *url, "its own text");
    if (const auto endpoint = farshore::wire::parse_endpoint(text)) {
        const auto appended = farshore::wire::parse_url(endpoint->text() + "/v1/status?x=1");
        FARSHORE_ASSERT(appended && appended->host == url->host, "paths can be appended");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    check_reading(text);
    // Most bytes are no URL: behind a scheme, more of them are.
    check_reading("http://" + std::string{text});
    check_reading("https://h" + std::string{text});
    if (const auto address = farshore::wire::parse_address_port(text)) {
        FARSHORE_ASSERT(
            *farshore::wire::parse_address_port(address->text()) == *address, "address"
        );
    }
    return 0;
}
