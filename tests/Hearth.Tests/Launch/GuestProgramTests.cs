using Hearth.Launch;

namespace Hearth.Tests.Launch;

public sealed class GuestProgramTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-program-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Program_besideAnOrdinaryOne_isTheOneCompiledAheadOfTime()
    {
        Assert.Equal(Path.Combine(_folder.FullName, "hearth-vm"), GuestProgram.In(_folder.FullName));
        string native = Path.Combine(_folder.CreateSubdirectory("native").FullName, "hearth-vm");
        File.WriteAllBytes(native, []);
        Assert.Equal(native, GuestProgram.In(_folder.FullName));
    }
}
