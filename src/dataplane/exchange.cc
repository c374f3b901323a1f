#include "dataplane/exchange.h"

#include "base/text.h"

#include "dataplane/dispatcher.h"
#include "dataplane/request_writer.h"
#include "http1/body.h"
#include "sigv4/clock_skew.h"

namespace farshore::dataplane {

namespace {

void append_status_and_fields(const http1::ResponseHead& answer, bool keep_crc, std::string& out) {
    out += "HTTP/1.1 " + std::to_string(answer.status) + " ";
    out += answer.reason;
    out += "\r\n";
    for (const http1::Field& field : answer.fields) {
        if (is_hop_by_hop(field.name) || equals_ignoring_case(field.name, "content-length") ||
            (!keep_crc && equals_ignoring_case(field.name, "x-amz-crc32"))) {
            continue;
        }
        out += field.name;
        out += ": ";
        out += field.value;
        out += "\r\n";
    }
}

}  // namespace

void Exchange::answer_begins(const http1::ResponseHead& answer) {
    status = answer.status;
    // A changed body gets a checksum of its own.
    append_status_and_fields(
        answer, learning != Learning::asked_by_us || status != 200, answer_head
    );
    const bool refused = status >= 400;
    // HTTP/1.0 knows no chunks: the length must be known first. A refusal is looked at.
    buffered =
        needs_permission(operation.kind) || refused || (answer.body.chunked && request.http_1_0);
    if (const auto date = http1::find_field(answer.fields, "date"); date && refused) {
        answered_at = sigv4::time_from_http_date(*date);
    }
    chunked = answer.body.chunked;
    if (buffered || sink == nullptr) {
        return;
    }
    began = true;
    answer_head += chunked ? "Transfer-Encoding: chunked\r\n"
                           : "Content-Length: " + std::to_string(answer.body.length) + "\r\n";
    answer_head += dispatcher->closes_after(*sink) ? "Connection: close\r\n\r\n" : "\r\n";
    sink->write(answer_head);
}

void Exchange::answer_goes_on(std::string_view bytes) {
    if (buffered) {
        answer_body += bytes;
        memory.take(bytes_held());
        return;
    }
    if (sink == nullptr) {
        return;
    }
    if (chunked) {
        sink->write(http1::chunk_size_line(bytes.size()));
    }
    sink->write(bytes);
    if (chunked) {
        sink->write("\r\n");
    }
}

// Only what is being passed on waits for its application. A Region that has not begun to answer is
// waited for like any, and a write (INV-S1) has its answer as a whole first: how slowly an
// application takes in the answers before it must not keep it from a fence or from the end of its
// lease.
void Exchange::answer_pauses() {
    if (sink == nullptr || !began) {
        return;
    }
    sink->flush();
    // The flush may have found the application gone.
    if (sink != nullptr && connection != nullptr && sink->congested()) {
        connection->pause_reading();
        dispatcher->waits_for_client(*this);
    }
}

void Exchange::answer_ends() {
    dispatcher->answered(*this);
}

void Exchange::answer_breaks(const Breakage& breakage) {
    dispatcher->broken(*this, breakage);
}

bool Exchange::may_send_more() {
    return dispatcher->may_send_more(*this);
}

void sink_has_room(Exchange& exchange) {
    if (exchange.connection != nullptr) {
        exchange.dispatcher->client_reads_again(exchange);
        exchange.connection->resume_reading();
    }
}

}  // namespace farshore::dataplane
