using Hearth.Fuzz.Forms;

namespace Hearth.Cpu.Software.Tests.Differential;

public sealed class FormCatalogueTests
{
    [Fact]
    public void All_has_every_mode_and_no_excluded_form()
    {
        IReadOnlyList<Form> forms = FormCatalogue.All;

        Assert.True(forms.Count > 5500, $"only {forms.Count} forms");
        Assert.DoesNotContain(forms, form => FormExclusions.ReasonFor(form) is not null);
    }

    [Fact]
    public void Excluded_is_a_short_list_with_reasons()
    {
        (Form Form, string Reason)[] excluded = [.. FormCatalogue.Excluded];

        Assert.True(excluded.Length < 200, $"{excluded.Length} forms are excluded");
        Assert.All(excluded, pair => Assert.NotEmpty(pair.Reason));
    }

    [Fact]
    public void Create_finds_an_encoding_for_every_form()
    {
        Form[] without = [.. FormCatalogue.All.Where(form => FormTest.Create(form, 1) is null)];

        Assert.Empty(without);
    }

    [Fact]
    public void Create_from_the_same_seed_gives_the_same_test()
    {
        Form form = FormCatalogue.All[100];

        FormTest first = FormTest.Create(form, 42)!;
        FormTest second = FormTest.Create(form, 42)!;

        Assert.Equal(first.Program.Memory, second.Program.Memory);
        Assert.Equal(first.Program.State.Registers, second.Program.State.Registers);
    }
}
