// The report as one HTML page that needs nothing else (docs/page.md).
#ifndef WAFER_DRIVER_PAGE_H
#define WAFER_DRIVER_PAGE_H

#include <string>
#include <string_view>

namespace wafer::driver {

/// Whether a report of that name is asked for as a page: FILE.html.
bool isPageName(std::string_view file);

/// The page with a JSON report in it.
std::string pageOf(std::string_view json);

} // namespace wafer::driver

#endif // WAFER_DRIVER_PAGE_H
