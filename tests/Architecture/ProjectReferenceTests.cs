namespace Hearth.Architecture.Tests;

/// <summary>Who may open which door: the list of the plan (docs/architecture.md) with docs/decisions/0001-project-references.md.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Hearth.Linux"] = [],
        ["Hearth.Machine"] = [],
        ["Hearth.Protocol"] = [],
        ["Hearth.Guests"] = [],
        ["Hearth.Ui"] = [],
        ["Hearth.Memory"] = ["Hearth.Linux", "Hearth.Machine"],
        ["Hearth.Cpu"] = ["Hearth.Machine"],
        ["Hearth.Devices"] = ["Hearth.Machine"],
        ["Hearth.Snapshots"] = ["Hearth.Linux", "Hearth.Machine"],
        ["Hearth.Storage"] = ["Hearth.Linux", "Hearth.Machine"],
        ["Hearth.Cpu.Kvm"] = ["Hearth.Cpu", "Hearth.Memory", "Hearth.Linux", "Hearth.Machine"],
        ["Hearth.Cpu.Software"] = ["Hearth.Cpu", "Hearth.Memory", "Hearth.Linux", "Hearth.Machine"],
        ["Hearth.Vm"] =
        [
            "Hearth.Cpu", "Hearth.Cpu.Kvm", "Hearth.Cpu.Software", "Hearth.Devices", "Hearth.Linux", "Hearth.Machine", "Hearth.Memory",
            "Hearth.Protocol", "Hearth.Snapshots", "Hearth.Storage",
        ],
        ["Hearth.Switch"] = ["Hearth.Linux"],
        ["Hearth"] = ["Hearth.Guests", "Hearth.Linux", "Hearth.Protocol", "Hearth.Snapshots", "Hearth.Storage", "Hearth.Switch"],
        ["Hearth.Drivers"] = ["Hearth.Linux", "Hearth.Protocol"],
        ["Hearth.Console"] = ["Hearth.Drivers", "Hearth.Linux", "Hearth.Protocol", "Hearth.Ui"],
        ["Hearth.Image"] = ["Hearth.Guests"],
    };

    private static readonly string[] s_unsafe = ["Hearth.Cpu.Kvm", "Hearth.Cpu.Software", "Hearth.Drivers", "Hearth.Linux", "Hearth.Memory"];

    private static readonly string[] s_topFolders = ["appliance", "drivers", "guests", "image", "tests", "ui"];

    public static TheoryData<string> Products => [.. ProjectFile.All.Where(project => project.IsProduct).Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(Products))]
    public void Project_ofTheProduct_referencesOnlyWhatThePlanAllows(string name)
    {
        ProjectFile project = ProjectFile.All.Single(project => project.Name == name);

        Assert.Contains(name, s_allowed.Keys);
        Assert.Empty(project.References.Except(s_allowed[name]));
    }

    [Fact]
    public void Product_neverReferencesTests()
    {
        HashSet<string> tests = [.. ProjectFile.All.Where(project => !project.IsProduct).Select(project => project.Name)];

        Assert.Empty(ProjectFile.All.Where(project => project.IsProduct && project.References.Any(tests.Contains)).Select(project => project.Name));
    }

    [Fact]
    public void UnsafeCode_isAllowedOnlyWhereThePlanMarksIt() =>
        Assert.Empty(ProjectFile.All.Where(project => project.IsProduct && project.AllowsUnsafe && !s_unsafe.Contains(project.Name)).Select(project => project.Name));

    [Fact]
    public void UnsafeCode_isOffByDefault() =>
        Assert.Contains("<AllowUnsafeBlocks>false</AllowUnsafeBlocks>", Repository.Read("Directory.Build.props"), StringComparison.Ordinal);

    [Fact]
    public void BannedApis_areAllowedOnlyWhereNoGuestIsRun() =>
        Assert.Empty(ProjectFile.All.Where(project => project.AllowsBannedApis && project.Path.StartsWith("appliance/", StringComparison.Ordinal)).Select(project => project.Name));

    [Fact]
    public void Projects_lieOnlyInTheRoomsOfThePlan() =>
        Assert.Empty(ProjectFile.All.Select(project => project.Path.Split('/')[0]).Distinct().Except(s_topFolders));

    [Fact]
    public void Projects_areAllPartOfTheSolution()
    {
        string solution = Repository.Read("Appliance.sln").Replace('\\', '/');

        Assert.Empty(ProjectFile.All.Where(project => !solution.Contains($"\"{project.Path}\"", StringComparison.Ordinal)).Select(project => project.Path));
    }

    [Fact]
    public void Packages_areVersionedInOnePlaceAndLocked()
    {
        IEnumerable<string> versioned = ProjectFile.All.Select(project => project.Path)
            .Where(path => Repository.Read(path).Split('\n').Any(line => line.Contains("PackageReference", StringComparison.Ordinal) && line.Contains("Version=", StringComparison.Ordinal)));
        IEnumerable<string> unlocked = ProjectFile.All
            .Where(project => !File.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(project.Path)!, "packages.lock.json")))
            .Select(project => project.Path);

        Assert.Empty(versioned);
        Assert.Empty(unlocked);
    }
}
