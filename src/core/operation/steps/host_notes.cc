#include "core/operation/steps/host_notes.h"

#include "base/text.h"

namespace farshore::core {

void HostNotes::add(const HostId& host, std::string_view what) {
    if (++hosts_ <= kFew) {
        lines_.push_back(host.value() + std::string{what});
        first_.push_back(host);
    }
}

void HostNotes::write(const StepContext& at, std::string_view together) {
    if (hosts_ > kFew) {
        at.note(
            EntryKind::outcome,
            std::to_string(hosts_) + " hosts " + std::string{together} + ": " + joined(first_) +
                " and others"
        );
    } else {
        for (std::string& line : lines_) {
            at.note(EntryKind::outcome, std::move(line));
        }
    }
    *this = {};
}

}  // namespace farshore::core
