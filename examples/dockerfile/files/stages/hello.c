#include <stdio.h>

int main(void)
{
    puts("built in one stage, shipped in another");
    return 0;
}
