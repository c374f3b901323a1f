#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace farshore::net {

using Io = boost::asio::io_context;

// A coroutine of the edge. One executor type everywhere: conversions to any_io_executor cost a
// quarter of a small request (docs/decisions). Parameters go by value; a co_await is a statement of
// its own or the whole right side of one.
template <class T = void>
using Task = boost::asio::awaitable<T, Io::executor_type>;

// Completion as (error_code, results...) instead of exceptions: co_await x.async_y(..., kAwait).
inline constexpr auto kAwait =
    boost::asio::as_tuple(boost::asio::use_awaitable_t<Io::executor_type>{});

}  // namespace farshore::net
