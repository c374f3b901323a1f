#include "sim/network.h"

namespace farshore::sim {

Duration Network::delay(Way way) {
    const Duration usual =
        way.from == way.to ? delays_.between(500us, 3ms) : delays_.between(28ms, 52ms);
    const int later = weather_.amount(FaultKind::latency, 0);
    const int disorder = weather_.amount(FaultKind::reordering, 0);
    if (later == 0 && disorder == 0) {
        return usual;
    }
    const Duration extra =
        disorder == 0 ? Duration{} : delays_.between(0ms, std::chrono::milliseconds{disorder});
    return usual + extra + (way.from == way.to ? 0ms : std::chrono::milliseconds{later});
}

void Network::flow_again() {
    std::vector<HeldBack> rest;
    for (HeldBack& held : held_back_) {
        if (weather_.clogged(held.way)) {
            rest.push_back(std::move(held));
        } else {
            deliver(held.way, delay(held.way), std::move(held.job));
        }
    }
    held_back_ = std::move(rest);
}

Answer Network::serve(Place region, bool write) {
    if (weather_.is(FaultKind::data_refuses, region)) {
        return Answer::refused;
    }
    if (weather_.is(FaultKind::data_hangs, region)) {
        return Answer::silent;
    }
    if (answers_.per_mille(weather_.amount(FaultKind::data_errors, region))) {
        return Answer::refused;
    }
    if (write && answers_.per_mille(weather_.amount(FaultKind::data_throttles, region))) {
        return Answer::refused;
    }
    return Answer::served;
}

Answer Network::ask(Way way, Ask ask) {
    if (!weather_.linked_both_ways(way.from, way.to) || loses() || loses()) {
        return Answer::silent;
    }
    if (way.from != way.to && weather_.is(FaultKind::data_unseen, way.to)) {
        return Answer::silent;
    }
    if (weather_.is(FaultKind::names_empty, way.to)) {
        if (ask.fresh) {
            return Answer::refused;
        }
        if (weather_.old_connections_hang(way.to, calendar_.now())) {
            return Answer::silent;
        }
    }
    // The side that asks gives up after a second.
    const int there_and_back = way.from == way.to ? 0 : 2 * weather_.amount(FaultKind::latency, 0);
    const int slow = weather_.amount(FaultKind::data_slow, way.to);
    if (there_and_back + slow >= 900) {
        const auto drawn = static_cast<int>(answers_.below(static_cast<std::uint64_t>(slow) + 1));
        if (there_and_back + drawn >= 900) {
            return Answer::silent;
        }
    }
    return serve(way.to, ask.write);
}

void Network::call(
    Way way,
    bool write,
    std::function<core::CopyAnswer()> effect,
    std::function<void(const core::CopyAnswer&)> answered
) {
    send(way, [this, way, write, effect = std::move(effect), answered = std::move(answered)] {
        const Answer served = serve(way.to, write);
        const bool denied = weather_.is(FaultKind::records_refuse, way.to);
        core::CopyAnswer answer{
            .word = write || denied ? core::CopyWord::refused : core::CopyWord::not_done,
            .why = "refused"
        };
        if ((served == Answer::served && !denied) ||
            (served == Answer::silent && fates_.chance(1, 2))) {
            answer = effect();
        }
        if (served != Answer::silent) {
            send({.from = way.to, .to = way.from}, [answered, answer] { answered(answer); });
        }
    });
}

bool Network::stack_reachable(Way way) const {
    return weather_.linked_both_ways(way.from, way.to) &&
           !weather_.is(FaultKind::stack_down, way.to);
}

}  // namespace farshore::sim
