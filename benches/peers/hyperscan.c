/* Hyperscan's literal matcher over the content and the anchors that `cargo bench -p seaworthy-detect` writes.
 * Usage: hyperscan ANCHORS CONTENT; a line of ANCHORS is 1 (case is ignored) or 0, a blank, and hexadecimal digits. */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PIECE (1 << 20)
#define RUNS 5

static unsigned long found;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)id, (void)from, (void)to, (void)flags, (void)context;
    found++;
    return 0;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    size_t capacity = 1 << 17, count = 0;
    char **texts = calloc(capacity, sizeof *texts);
    unsigned *ids = calloc(capacity, sizeof *ids), *flags = calloc(capacity, sizeof *flags);
    size_t *lengths = calloc(capacity, sizeof *lengths);
    FILE *file = fopen(argv[1], "r");
    char line[4096];
    while (file && count < capacity && fgets(line, sizeof line, file)) {
        size_t digits = strcspn(line, "\n") - 2;
        texts[count] = calloc(1, digits / 2 + 1);
        for (size_t i = 0; i < digits / 2; i++) sscanf(line + 2 + 2 * i, "%2hhx", (unsigned char *)&texts[count][i]);
        lengths[count] = digits / 2;
        ids[count] = count;
        flags[count] = line[0] == '1' ? HS_FLAG_CASELESS : 0;
        count++;
    }
    hs_database_t *database;
    hs_compile_error_t *error;
    if (hs_compile_lit_multi((const char *const *)texts, flags, ids, lengths, count, HS_MODE_BLOCK, NULL, &database,
                             &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    hs_scratch_t *scratch = NULL;
    hs_alloc_scratch(database, &scratch);
    file = fopen(argv[2], "rb");
    if (!file) return 1;
    fseek(file, 0, SEEK_END);
    size_t size = ftell(file);
    rewind(file);
    char *content = malloc(size);
    size = fread(content, 1, size, file);
    double rates[RUNS];
    for (int run = -1; run < RUNS; run++) {
        struct timespec start, end;
        found = 0;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
        for (size_t at = 0; at < size; at += PIECE)
            hs_scan(database, content + at, size - at < PIECE ? size - at : PIECE, 0, scratch, on_match, NULL);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
        double seconds = (end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9;
        if (run >= 0) rates[run] = size / 1e6 / seconds;
    }
    qsort(rates, RUNS, sizeof *rates, by_value);
    printf("| Hyperscan %s, literals of %zu anchors (%lu) | %.0f |\n", hs_version(), count, found, rates[RUNS / 2]);
}
