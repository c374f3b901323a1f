#include "base/printable.h"

namespace farshore {

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // In UTF-8 the characters U+0080 to U+009F begin with C2.
        const bool is_c1 =
            byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (is_c1) {
            ++i;
        }
        if (byte == '\n' || byte == '\t' || byte == '\r') {
            out += ' ';
        } else {
            out += is_c1 || byte < 0x20 || byte == 0x7F ? '?' : text[i];
        }
    }
    return out;
}

}  // namespace farshore
