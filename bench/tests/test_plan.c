/* What a run will measure, for every kind of request. */
#include <string.h>

#include "result/plan.h"
#include "test.h"

static struct plan_request all_servers(void)
{
    return (struct plan_request){
        .models = {1, 2, 3, 4, 5}, .model_count = 5, .processors = 4};
}

/* What must hold for every plan: rows stand together, a series' blocks have the
 * same rungs, a baseline is in the series, and every row has its own memory. */
static bool is_sound(const struct plan *plan)
{
    bool sound = !plan->is_incomplete && plan->series_count > 0;
    int block_count = 0;
    int row = 0;
    for (int s = 0; s < plan->series_count; s++) {
        const struct plan_series *series = &plan->series[s];
        const struct result_block *first = &plan->blocks[series->first_block];
        sound &= series->first_block == block_count && series->block_count > 0;
        block_count += series->block_count;
        for (int b = series->first_block; b < block_count; b++) {
            const struct result_block *block = &plan->blocks[b];
            sound &= block->first_row == row && block->title[0] != '\0';
            sound &= block->row_count == first->row_count;
            sound &= block->launch_count > 0 && block->window_ms > 0;
            sound &= block->message_bytes > 0;
            for (int i = 0; i < block->row_count; i++, row++) {
                const struct result_row *r = &plan->rows[row];
                sound &= r->block == b && r->samples != NULL;
                sound &=
                    strcmp(r->name, plan->rows[first->first_row + i].name) == 0;
                sound &= r->baseline >= first->first_row &&
                         r->baseline <= row + block->row_count;
                sound &= (r->echoes_by_connection == NULL) ==
                         (block->scenario == RESULT_CHURN);
            }
        }
    }
    return sound && row == plan->row_count && block_count == plan->block_count;
}

static void test_short_run(void)
{
    struct plan plan;
    struct plan_request request = all_servers();
    request.scenarios[RESULT_WORK] = true;
    request.scenarios[RESULT_SPEED] = true;
    request.scenarios[RESULT_IDLE] = true;
    plan_race(&plan, &request);
    CHECK(is_sound(&plan));
    CHECK(plan.series_count == 2 && plan.block_count == 5 + 3 + 3);
    CHECK(plan.blocks[0].launch_count == 1); /* counts need no more */
    CHECK(plan.blocks[10].launch_count == PLAN_SPEED_LAUNCHES);
    CHECK(plan.blocks[0].idle_count == 0 && plan.blocks[4].idle_count == 1000);
    CHECK(plan.rows[0].baseline == 0 && plan.rows[3].baseline == 0);
    CHECK(plan.rows[4 * 5 + 3].baseline == 3); /* 04 beside none */
    CHECK(plan.blocks[5].row_count == 6);      /* with the control */
    CHECK(plan.rows[plan.row_count - 1].role == RESULT_CONTROL);
    plan_free(&plan);
}

static void test_full_run(void)
{
    struct plan plan;
    struct plan_request request = all_servers();
    long total_ms = 0;
    request.is_full = true;
    for (int s = 0; s < RESULT_SCENARIO_COUNT; s++)
        request.scenarios[s] = true;
    plan_race(&plan, &request);
    CHECK(is_sound(&plan));
    for (int s = 0; s < plan.series_count; s++)
        total_ms += plan_launch_ms(&plan, &plan.series[s]) *
                    plan.blocks[plan.series[s].first_block].launch_count *
                    plan.blocks[plan.series[s].first_block].row_count;
    CHECK(total_ms > 300000 && total_ms < 1200000);
    CHECK(plan.rows[plan.row_count - 1].processors == 4); /* 05 on all */
    plan_free(&plan);
}

static void test_what_was_asked_for(void)
{
    struct plan plan;
    struct plan_request request = all_servers();
    request.scenarios[RESULT_PACED] = true;
    request.scenarios[RESULT_HERD] = true;
    request.connections[0] = 3;
    request.connections_count = 1;
    request.idle[0] = 7;
    request.idle_count = 1;
    request.rate_per_s = 50;
    request.message_bytes = 100;
    request.window_ms = 20;
    request.launch_count = 9;
    request.models[0] = 4;
    request.model_count = 2;
    request.peer_name = "mine";
    request.peer_command = "mine.exe {port}";
    plan_race(&plan, &request);
    CHECK(is_sound(&plan) && plan.block_count == 3);
    CHECK(plan.blocks[0].connection_count == 3);
    CHECK(plan.blocks[0].rate_per_s == 50 && plan.blocks[0].window_ms == 20);
    CHECK(plan.blocks[0].message_bytes == 100);
    CHECK(plan.blocks[2].idle_count == 7 && plan.blocks[2].launch_count == 9);
    CHECK(plan.rows[0].model == 4 && plan.rows[2].role == RESULT_PEER);
    CHECK(strcmp(plan.blocks[0].relative_to, "04") == 0);
    plan_free(&plan);
}

static void test_ladders_and_builds(void)
{
    struct plan plan;
    struct plan_request request = all_servers();
    for (int model = 1; model <= PLAN_MODELS; model++) {
        plan_ladder(&plan, &request, model);
        CHECK(is_sound(&plan) && plan.blocks[0].is_ladder);
        CHECK(plan.rows[0].form[0] == '\0'); /* the server without options */
        CHECK(strcmp(plan.rows[1].name, "minimal") == 0);
        plan_free(&plan);
    }
    plan_builds(&plan, &request, "old", "new");
    CHECK(is_sound(&plan) && plan.block_count == 3);
    CHECK(plan.rows[2].is_other_build && !plan.rows[3].is_other_build);
    CHECK(plan.rows[3].baseline == 2);
    CHECK(plan.rows[10].role == RESULT_CONTROL && plan.rows[10].is_other_build);
    plan_free(&plan);
}

/* More than there is room for is noticed, and does not overflow anything. */
static void test_too_much(void)
{
    struct plan plan;
    struct plan_request request = all_servers();
    for (int s = 0; s < RESULT_SCENARIO_COUNT; s++)
        request.scenarios[s] = true;
    for (int i = 0; i < PLAN_COUNTS_AT_MOST; i++)
        request.connections[i] = i + 1;
    request.connections_count = PLAN_COUNTS_AT_MOST;
    plan_race(&plan, &request);
    CHECK(plan.is_incomplete);
    plan_free(&plan);
}

int main(void)
{
    test_short_run();
    test_full_run();
    test_what_was_asked_for();
    test_ladders_and_builds();
    test_too_much();
    return summary();
}
