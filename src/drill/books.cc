#include "drill/books.h"

#include <algorithm>

namespace farshore::drill {

namespace {

// The shop's cart keys look like {"id":{"S":"cart#shopper-17"}}.
bool is_cart(const BookedWrite& write) {
    return write.key.find("cart#") != std::string::npos;
}

void count_booked(Books& books, const std::vector<BookedWrite>& booked) {
    for (const BookedWrite& write : booked) {
        ++books.at_risk;
        if (write.fate == "applied_late") {
            ++books.applied_late;
        } else if (write.fate == "suppressed") {
            ++books.suppressed;
        } else if (write.fate == "never_arrived") {
            ++books.never_arrived;
        } else if (write.fate == "present") {
            --books.at_risk;  // it had arrived after all: it was never at risk
        } else if (write.fate == "unknown") {
            ++books.undecided;
        } else {
            ++books.unsettled;
        }
    }
}

std::string shopper_of(const BookedWrite& write) {
    const std::size_t from = write.key.find("cart#") + 5;
    return write.key.substr(from, write.key.find('"', from) - from);
}

bool is_lost(const BookedWrite& write) {
    return write.fate == "suppressed" || write.fate == "never_arrived";
}

std::set<std::string> all_lines(const Carts& carts) {
    std::set<std::string> lines;
    for (const auto& [shopper, ids] : carts) {
        lines.insert(ids.begin(), ids.end());
    }
    return lines;
}

}  // namespace

std::vector<BookedWrite> decided_by_carts(
    std::vector<BookedWrite> booked,
    const Log& log,
    const Carts& carts,
    const std::string& shop_table
) {
    // Lost lines that no entry accounts for yet, cart by cart.
    std::map<std::string, std::int64_t> unexplained;
    const std::set<std::string> lines = all_lines(carts);
    for (const wire::ClientRequest& request : log) {
        if (request.kind == "add" && request.ok && !lines.contains(request.write)) {
            ++unexplained[request.shopper];
        }
    }
    const auto of_carts = [&](const BookedWrite& write) {
        return write.table == shop_table && is_cart(write);
    };
    for (const BookedWrite& write : booked) {
        if (of_carts(write) && is_lost(write)) {
            --unexplained[shopper_of(write)];
        }
    }
    for (BookedWrite& write : booked) {
        if (of_carts(write) && write.fate == "unknown") {
            std::int64_t& left = unexplained[shopper_of(write)];
            write.fate = left > 0 ? "suppressed" : "applied_late";
            left -= left > 0 ? 1 : 0;
        }
    }
    return booked;
}

namespace {

// What the carts hold at the end, and what became of each request that added to them.
void count_adds(Books& books, const Log& log, const std::vector<Carts>& regions) {
    std::map<std::string, int> lines;
    if (!regions.empty()) {
        for (const auto& [shopper, ids] : regions.front()) {
            for (const std::string& id : ids) {
                books.doubled += ++lines[id] > 1 ? 1U : 0U;
            }
        }
        books.regions_equal = std::ranges::all_of(regions, [&](const Carts& carts) {
            return carts == regions.front();
        });
    }
    for (const wire::ClientRequest& request : log) {
        if (request.kind != "add") {
            continue;
        }
        const bool there = lines.contains(request.write);
        if (!request.ok) {
            books.present_without_acknowledgement += there ? 1U : 0U;
            continue;
        }
        ++books.acknowledged;
        if (there) {
            ++books.present;
        } else {
            ++books.lost;
            books.lost_writes.push_back(
                {.id = request.write, .shopper = request.shopper, .acknowledged_at = request.ended}
            );
        }
    }
}

}  // namespace

Books keep_books(
    const Log& log,
    const std::vector<Carts>& regions,
    const std::vector<BookedWrite>& booked,
    const std::string& shop_table
) {
    Books books;
    count_adds(books, log, regions);
    count_booked(books, booked);
    if (!books.regions_equal) {
        books.differences.emplace_back("the Regions hold different carts");
    }
    if (books.doubled > 0) {
        books.differences.push_back(std::to_string(books.doubled) + " lines stand in a cart twice");
    }
    if (books.unsettled > 0) {
        books.differences.push_back(
            std::to_string(books.unsettled) + " writes at risk are not settled"
        );
    }
    // Each add is one write of one key: the carts and the loss book must name the same number, cart
    // by cart.
    std::map<std::string, std::int64_t> difference;
    for (const LostWrite& write : books.lost_writes) {
        ++difference[write.shopper];
    }
    for (const BookedWrite& write : booked) {
        if (is_lost(write) && write.table == shop_table && is_cart(write)) {
            --difference[shopper_of(write)];
        }
    }
    for (const auto& [shopper, count] : difference) {
        if (count != 0 && books.differences.size() < 20) {
            books.differences.push_back(
                "cart of " + shopper + ": " + std::to_string(std::abs(count)) +
                (count > 0 ? " lost writes that the loss book does not name"
                           : " writes booked as lost that are there")
            );
        }
    }
    return books;
}

}  // namespace farshore::drill
