using Hearth.Bench.Cpu;
using Hearth.Guests;

namespace Hearth.Bench.Tests.Cpu;

/// <summary>The measured programs themselves, on the host.</summary>
public sealed class GuestProgramsTests : IDisposable
{
    private const string NoCompiler = "gcc is not installed: apt-get install gcc libc6-dev";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hearth-bench-");

    [Fact]
    public void Programs_built_haveRowsOfEveryClass()
    {
        Assert.SkipUnless(HostCommand.Find("gcc") is not null, NoCompiler);

        IReadOnlyList<BenchRow> rows = GuestPrograms.Build().Rows();

        Assert.Equal(["compute", "vector", "system", "parallel"], rows.Select(row => row.Class).Distinct());
        Assert.Distinct(rows.Select(row => row.Name));
    }

    [Fact]
    public void Rows_run_writeALineEach()
    {
        Assert.SkipUnless(HostCommand.Find("gcc") is not null, NoCompiler);

        RowResult[] results = Run("recursion", "matmul-sse", "exec", "2-sieve");

        Assert.Equal(["recursion", "matmul-sse", "exec", "2-sieve"], results.Select(result => result.Row));
        Assert.All(results, result => Assert.True(result.Seconds > 0));
    }

    [Fact]
    public void Matrices_multipliedByEitherWidth_areTheSame()
    {
        Assert.SkipUnless(HostCommand.Find("gcc") is not null, NoCompiler);

        RowResult[] results = Run("matmul-sse", "matmul-avx2");

        Assert.SkipUnless(results[1].Skipped is null, $"this processor: {results[1].Skipped}");
        Assert.Equal(results[0].Checksum, results[1].Checksum);
    }

    [Fact]
    public void Command_fromAFile_isARowWithTheChecksumOfItsOutput()
    {
        Assert.SkipUnless(HostCommand.Find("gcc") is not null, NoCompiler);
        File.WriteAllText(Path.Combine(_directory.FullName, "a"), "text");
        string commands = Path.Combine(_directory.FullName, "commands");
        File.WriteAllText(commands, "first 2 /bin/cat a\nsecond 1 WORD=text /bin/sh -c printf${IFS}$WORD\nthird 1 /bin/echo a\n");

        RowResult[] results = Run("--commands", commands, "first", "second", "third");

        Assert.Equal(["first", "second", "third"], results.Select(result => result.Row));
        Assert.Equal(results[0].Checksum, results[1].Checksum);
        Assert.NotEqual(results[0].Checksum, results[2].Checksum);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static RowResult[] Run(params string[] arguments) =>
        [.. HostCommand.Require(GuestPrograms.Build().MainPath, arguments).Split('\n').Select(RowResult.Parse).OfType<RowResult>()];
}
