#include "drill/books.h"

#include <algorithm>

namespace farshore::drill {

namespace {

constexpr std::size_t kDifferencesMax = 20;

// The shop's cart keys look like {"id":{"S":"cart#shopper-17"}}.
bool is_cart(const BookedWrite& write) {
    return write.key.find("cart#") != std::string::npos;
}

std::string shopper_of(const BookedWrite& write) {
    const std::size_t from = write.key.find("cart#") + 5;
    return write.key.substr(from, write.key.find('"', from) - from);
}

bool is_lost(const BookedWrite& write) {
    return write.fate == "suppressed" || write.fate == "never_arrived";
}

bool is_there(const BookedWrite& write) {
    return write.fate == "present" || write.fate == "applied_late";
}

void count_booked(Books& books, const std::vector<BookedWrite>& booked) {
    for (const BookedWrite& write : booked) {
        ++books.at_risk;
        books.decided_by_carts += write.decided_by_carts ? 1U : 0U;
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

using Lines =
    std::map<std::string, std::string>;  // id of a line -> the shopper in whose cart it is

Lines all_lines(const Carts& carts) {
    Lines lines;
    for (const auto& [shopper, ids] : carts) {
        for (const std::string& id : ids) {
            lines.emplace(id, shopper);
        }
    }
    return lines;
}

using Request = wire::ClientRequest;

// Which request each entry answers, and the other way round, where there is no doubt: of its
// shopper, on its host, under way when the agent acknowledged it, and nothing else is.
class Matches {
  public:
    Matches(const std::vector<BookedWrite>& booked, const Log& log, const std::string& shop_table) {
        std::multimap<std::string, const Request*> adds;
        for (const Request& request : log) {
            if (request.kind == "add") {
                adds.emplace(request.shopper, &request);
            }
        }
        std::map<const Request*, int> claims;
        for (const BookedWrite& write : booked) {
            const Request* only = nullptr;
            int candidates = 0;
            if (write.table == shop_table && is_cart(write)) {
                const auto [from, to] = adds.equal_range(shopper_of(write));
                for (auto at = from; at != to; ++at) {
                    if (may_answer(write, *at->second)) {
                        only = at->second;
                        ++candidates;
                        ++claims[only];
                    }
                }
            }
            request_of_.push_back(candidates == 1 ? only : nullptr);
        }
        for (const Request*& request : request_of_) {
            request = request != nullptr && claims[request] == 1 ? request : nullptr;
            if (request != nullptr) {
                matched_.insert(request);
            }
        }
    }

    // nullptr: not certain.
    [[nodiscard]] const Request* request_of(std::size_t entry) const { return request_of_[entry]; }

    [[nodiscard]] bool has(const Request& request) const { return matched_.contains(&request); }

    [[nodiscard]] std::size_t size() const { return matched_.size(); }

  private:
    static bool may_answer(const BookedWrite& write, const Request& request) {
        const bool same_host =
            write.host.empty() || request.host.empty() || write.host == request.host;
        return same_host && request.intended <= write.acknowledged_at &&
               write.acknowledged_at <= request.ended;
    }

    std::vector<const Request*> request_of_;
    std::set<const Request*> matched_;
};

bool is_lost(const Request& request, const Lines& lines) {
    return request.kind == "add" && request.ok && !lines.contains(request.write);
}

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
    std::set<std::string> added;
    for (const Request& request : log) {
        if (request.kind != "add") {
            continue;
        }
        added.insert(request.write);
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
    books.unexplained = static_cast<std::uint64_t>(
        std::ranges::count_if(lines, [&](const auto& line) { return !added.contains(line.first); })
    );
}

void differ(Books& books, std::string text) {
    if (books.differences.size() < kDifferencesMax) {
        books.differences.push_back(std::move(text));
    }
}

// Entries whose request is known: the fate of the one is that of the other.
void compare_matched(
    Books& books, const std::vector<BookedWrite>& booked, const Matches& matches, const Lines& lines
) {
    for (std::size_t i = 0; i < booked.size(); ++i) {
        const Request* request = matches.request_of(i);
        if (request == nullptr) {
            continue;
        }
        const bool there = lines.contains(request->write);
        if ((is_lost(booked[i]) && there) || (is_there(booked[i]) && !there)) {
            differ(
                books,
                "write " + request->write + " is booked as " + booked[i].fate + " and is " +
                    (there ? "there" : "not there")
            );
        }
    }
}

// The others: the carts and the loss book must name the same number, cart by cart.
void compare_counted(
    Books& books,
    const std::vector<BookedWrite>& booked,
    const Log& log,
    const std::string& shop_table,
    const Matches& matches,
    const Lines& lines
) {
    std::map<std::string, std::int64_t> difference;
    for (const Request& request : log) {
        if (is_lost(request, lines) && !matches.has(request)) {
            ++difference[request.shopper];
        }
    }
    for (std::size_t i = 0; i < booked.size(); ++i) {
        if (is_lost(booked[i]) && booked[i].table == shop_table && is_cart(booked[i]) &&
            matches.request_of(i) == nullptr) {
            --difference[shopper_of(booked[i])];
        }
    }
    for (const auto& [shopper, count] : difference) {
        if (count != 0) {
            differ(
                books,
                "cart of " + shopper + ": " + std::to_string(std::abs(count)) +
                    (count > 0 ? " lost writes that the loss book does not name"
                               : " writes booked as lost that are there")
            );
        }
    }
}

}  // namespace

std::vector<BookedWrite> decided_by_carts(
    std::vector<BookedWrite> booked,
    const Log& log,
    const Carts& carts,
    const std::string& shop_table
) {
    const Lines lines = all_lines(carts);
    const Matches matches(booked, log, shop_table);
    // Lost lines that no entry accounts for yet, cart by cart.
    std::map<std::string, std::int64_t> unaccounted;
    for (const Request& request : log) {
        if (is_lost(request, lines) && !matches.has(request)) {
            ++unaccounted[request.shopper];
        }
    }
    const auto of_carts = [&](const BookedWrite& write) {
        return write.table == shop_table && is_cart(write);
    };
    for (std::size_t i = 0; i < booked.size(); ++i) {
        if (of_carts(booked[i]) && is_lost(booked[i]) && matches.request_of(i) == nullptr) {
            --unaccounted[shopper_of(booked[i])];
        }
    }
    for (std::size_t i = 0; i < booked.size(); ++i) {
        BookedWrite& write = booked[i];
        if (!of_carts(write) || write.fate != "unknown") {
            continue;
        }
        write.decided_by_carts = true;
        if (const Request* request = matches.request_of(i)) {
            write.fate = lines.contains(request->write) ? "applied_late" : "suppressed";
            continue;
        }
        std::int64_t& left = unaccounted[shopper_of(write)];
        write.fate = left > 0 ? "suppressed" : "applied_late";
        left -= left > 0 ? 1 : 0;
    }
    return booked;
}

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
        differ(books, "the Regions hold different carts");
    }
    if (books.doubled > 0) {
        differ(books, std::to_string(books.doubled) + " lines stand in a cart twice");
    }
    if (books.unsettled > 0) {
        differ(books, std::to_string(books.unsettled) + " writes at risk are not settled");
    }
    if (books.unexplained > 0) {
        differ(
            books,
            std::to_string(books.unexplained) + " lines in carts that no request of the log added"
        );
    }
    const Lines lines = regions.empty() ? Lines{} : all_lines(regions.front());
    const Matches matches(booked, log, shop_table);
    books.matched = matches.size();
    compare_matched(books, booked, matches, lines);
    compare_counted(books, booked, log, shop_table, matches, lines);
    return books;
}

}  // namespace farshore::drill
