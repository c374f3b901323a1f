// modules: dataplane
//
// Our strict reading of a request against llhttp's. What we take, llhttp must take too, and see the
// same request in the same bytes: two readings of one message are how requests are smuggled. What
// we refuse, llhttp may well take.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <llhttp/llhttp.h>
#include <string>
#include <string_view>

#include "dataplane/framing.h"

namespace {

using farshore::dataplane::BodyReader;
using farshore::dataplane::find_head_end;
using farshore::dataplane::HeadEnd;
using farshore::dataplane::parse_request_head;
using farshore::dataplane::parse_response_head;
using farshore::dataplane::RequestHead;
using farshore::dataplane::ResponseHead;

constexpr std::size_t kHeadMax = 4096;
constexpr std::size_t kBodyMax = 1U << 20U;

struct Reading {
    bool taken = false;
    std::size_t size = 0;
    std::string method;
    std::string target;
    std::string body;
    std::size_t fields = 0;
    bool keep_alive = false;
    bool upgrade = false;
};

void claim(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "the readings differ: %s\n", what);
        std::abort();
    }
}

// The bytes arrive in two pieces.
Reading read_ours(std::string_view bytes, std::size_t cut) {
    Reading reading;
    std::size_t searched = 0;
    HeadEnd end = find_head_end(bytes.substr(0, cut), searched, kHeadMax);
    if (!end.size && !end.error) {
        end = find_head_end(bytes, searched, kHeadMax);
    }
    RequestHead head;
    if (!end.size || parse_request_head(bytes.substr(0, *end.size), head)) {
        return reading;
    }
    BodyReader body;
    body.start(head.body, kBodyMax);
    std::size_t used = *end.size;
    if (cut > used) {
        used += body.feed(bytes.substr(used, cut - used), reading.body);
    }
    used += body.feed(bytes.substr(used), reading.body);
    if (!body.done()) {
        return reading;
    }
    reading.taken = true;
    reading.size = used;
    reading.method = head.method;
    reading.target = head.target;
    reading.fields = head.fields.size();
    reading.keep_alive = head.keep_alive;
    return reading;
}

Reading& of(llhttp_t* parser) {
    return *static_cast<Reading*>(parser->data);
}

Reading read_llhttp(std::string_view bytes) {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = [](llhttp_t* parser, const char* at, std::size_t length) {
        of(parser).target.append(at, length);
        return 0;
    };
    settings.on_body = [](llhttp_t* parser, const char* at, std::size_t length) {
        of(parser).body.append(at, length);
        return 0;
    };
    settings.on_header_value_complete = [](llhttp_t* parser) {
        ++of(parser).fields;
        return 0;
    };
    settings.on_message_complete = [](llhttp_t* parser) {
        of(parser).taken = true;
        of(parser).keep_alive = llhttp_should_keep_alive(parser) != 0;
        of(parser).upgrade = parser->upgrade != 0;
        return static_cast<int>(HPE_PAUSED);
    };
    Reading reading;
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &reading;
    llhttp_execute(&parser, bytes.data(), bytes.size());
    if (reading.taken) {
        reading.method = llhttp_method_name(static_cast<llhttp_method_t>(parser.method));
        reading.size = static_cast<std::size_t>(llhttp_get_error_pos(&parser) - bytes.data());
    }
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const std::size_t cut = bytes.empty() ? 0 : data[0] % (bytes.size() + 1);
    const Reading ours = read_ours(bytes, cut);
    const Reading whole = read_ours(bytes, bytes.size());
    claim(ours.taken == whole.taken && ours.size == whole.size, "whole and in two pieces");
    claim(!ours.taken || ours.body == whole.body, "whole and in two pieces, body");

    std::size_t searched = 0;
    if (const HeadEnd end = find_head_end(bytes, searched, kHeadMax); end.size) {
        ResponseHead answer;
        static_cast<void>(parse_response_head(bytes.substr(0, *end.size), answer));
    }
    if (!ours.taken) {
        return 0;
    }
    const Reading theirs = read_llhttp(bytes);
    claim(theirs.taken, "llhttp does not take it");
    claim(theirs.method == ours.method, "method");
    claim(theirs.target == ours.target, "target");
    claim(theirs.fields == ours.fields, "number of headers");
    if (!theirs.upgrade) {
        // After an upgrade llhttp hands the connection over; we never upgrade, and read on.
        claim(theirs.size == ours.size, "size");
        claim(theirs.body == ours.body, "body");
        claim(
            theirs.keep_alive == ours.keep_alive || !ours.keep_alive, "the end of the connection"
        );
    }
    return 0;
}
