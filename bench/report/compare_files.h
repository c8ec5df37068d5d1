/* compare_files.h: `bench compare OLD.json NEW.json`. Portable C, but no pure
 * part: it reads files and prints. */
#ifndef REPORT_COMPARE_FILES_H
#define REPORT_COMPARE_FILES_H

/* Reads two JSON reports and prints the comparison on stdout. Returns the exit
 * status: 0 when they were compared, whatever came out; 2 when a file cannot be
 * read or is no report, and one line on stderr says which and why. */
int compare_files(const char *old_path, const char *new_path);

#endif
