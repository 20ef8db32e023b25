using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Translations that outlive a run: what is taken over, and what is not trusted.</summary>
public sealed unsafe class KeptTranslationsTests : IDisposable
{
    private const int Steps = 600;

    /// <summary>Instructions that cross into another page depend on it, and are translated each time.</summary>
    private const long Crossing = 4;
    private const ulong Sum = (ulong)Steps * (Steps + 1) / 2;

    private readonly string _directory = System.IO.Directory.CreateTempSubdirectory("hearth-test-").FullName;

    public void Dispose() => System.IO.Directory.Delete(_directory, recursive: true);

    private string KeptFile => Assert.Single(System.IO.Directory.GetFiles(Cache));

    private string Cache => Path.Combine(_directory, "translations");

    [Fact]
    public void A_second_run_translates_next_to_nothing()
    {
        (long first, _) = Run();

        (long second, long placed) = Run();

        Assert.InRange(first, Steps, long.MaxValue);
        Assert.Equal((Crossing, first - Crossing), (second, placed));
    }

    [Fact]
    public void The_same_code_at_another_place_is_taken_over()
    {
        (long first, _) = Run();

        (long second, long placed) = Run(at: CodeMachine.Code + 0x10_0000);

        Assert.Equal((Crossing, first - Crossing), (second, placed));
    }

    [Fact]
    public void What_was_linked_to_code_that_was_taken_over_can_be_taken_over_itself()
    {
        Run();

        // Every second block is another one, and jumps to one that came from the disk.
        Run(mixed: true);
        (long translated, long placed) = Run(mixed: true);

        Assert.Equal(Crossing, translated);
        Assert.InRange(placed, Steps, long.MaxValue);
    }

    [Fact]
    public void Code_that_is_not_the_same_is_translated()
    {
        Run();

        (long translated, long placed) = Run(step: 2);

        Assert.InRange(translated, Steps, long.MaxValue);
        Assert.InRange(placed, 0, Steps / 10);
    }

    [Fact]
    public void Code_that_was_taken_over_can_be_changed()
    {
        Run();
        using CodeMachine machine = Machine();
        Write(machine, CodeMachine.Code, step: 1);
        machine.Run();
        Assert.Equal(Sum, machine.State->Gpr[0]);

        Write(machine, CodeMachine.Code, step: 3);
        machine.State->Gpr[0] = 0;
        machine.Run();

        Assert.Equal(3 * Sum, machine.State->Gpr[0]);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(20)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(5000)]
    [InlineData(-1)]
    public void A_damaged_file_is_not_used(int at)
    {
        Run();
        byte[] bytes = File.ReadAllBytes(KeptFile);
        bytes[at < 0 ? bytes.Length + at : at] ^= 0x10;
        File.WriteAllBytes(KeptFile, bytes);

        Assert.Equal(0, Run().Placed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(79)]
    [InlineData(80)]
    [InlineData(4000)]
    public void A_file_that_was_cut_off_is_not_used(int length)
    {
        Run();
        using (FileStream file = File.OpenWrite(KeptFile))
            file.SetLength(length);

        Assert.Equal(0, Run().Placed);
    }

    [Fact]
    public void A_file_that_others_may_write_to_is_not_used()
    {
        Run();
        File.SetUnixFileMode(KeptFile, File.GetUnixFileMode(KeptFile) | UnixFileMode.OtherWrite);

        Assert.Equal(0, Run().Placed);
    }

    [Fact]
    public void Nobody_else_may_read_it()
    {
        Run();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeptFile));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Cache));
    }

    [Fact]
    public void Files_that_are_not_used_any_more_go()
    {
        System.IO.Directory.CreateDirectory(Cache);
        for (int i = 0; i < 6; i++)
            Leave($"{i:d16}.code", TimeSpan.FromDays(i + 1));
        Leave($"{1:d16}.code.77", TimeSpan.FromDays(1));
        Leave($"{1:d16}.code.78", TimeSpan.Zero);

        Run();

        string[] left = FileNames();
        string[] expected = [$"{0:d16}.code", $"{1:d16}.code", $"{2:d16}.code", $"{1:d16}.code.78"];
        Assert.Equal(expected.Length + 1, left.Length);
        Assert.Empty(expected.Except(left));
    }

    [Fact]
    public void Files_of_others_stay()
    {
        System.IO.Directory.CreateDirectory(Cache);
        string[] others = [.. Enumerable.Range(0, 6).Select(i => $"{i}.code"), $"{1:d16}.code.old", $"{1:d16}.coder"];
        foreach (string other in others)
            Leave(other, TimeSpan.FromDays(9));

        Run();

        Assert.Empty(others.Except(FileNames()));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_does_not_matter()
    {
        File.WriteAllText(Cache, "a file");

        Assert.InRange(Run().Translated, Steps, long.MaxValue);
    }

    private string[] FileNames() => [.. System.IO.Directory.GetFiles(Cache).Select(path => Path.GetFileName(path))];

    private void Leave(string name, TimeSpan age)
    {
        string path = Path.Combine(Cache, name);
        File.WriteAllText(path, "");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow - age);
    }

    private CodeMachine Machine()
    {
        var machine = new CodeMachine(translations: Cache);
        Assert.True(machine.Engine.Store.Reading.Wait(TimeSpan.FromSeconds(20)));
        return machine;
    }

    private (long Translated, long Placed) Run(int step = 1, ulong at = CodeMachine.Code, bool mixed = false)
    {
        using CodeMachine machine = Machine();
        Write(machine, at, step, mixed);
        for (int i = 0; i < 3; i++)
            machine.Run(at);
        Assert.Equal(Sum * (ulong)step + (mixed ? Steps / 2 : 0UL), machine.State->Gpr[0]);
        return (machine.Engine.Store.Translated, machine.Engine.Store.Placed);
    }

    /// <summary>Adds the numbers up, each in a block of its own, and each block with a load, a store and a jump.</summary>
    private static void Write(CodeMachine machine, ulong at, int step, bool mixed = false) => machine.Assemble(at, a =>
    {
        a.xor(eax, eax);
        for (int i = 1; i <= Steps; i++)
        {
            Label next = a.CreateLabel();
            a.mov(ebx, (i * step) + (mixed && i % 2 == 0 ? 1 : 0));
            a.mov(__qword_ptr[CodeMachine.Data], rbx);
            a.add(rax, __qword_ptr[CodeMachine.Data]);
            a.jmp(next);
            a.Label(ref next);
        }

        a.@out(TestBus.StopPort, al);
    });
}
